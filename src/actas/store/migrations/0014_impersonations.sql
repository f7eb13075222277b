-- usable-from: 5
-- Who acts, or acted, as whom and why (core/impersonation.py).

CREATE TABLE impersonations (
    id TEXT NOT NULL PRIMARY KEY,
    mark TEXT NOT NULL,
    state TEXT NOT NULL,
    form TEXT NOT NULL,
    administrator_iss TEXT NOT NULL,
    administrator TEXT NOT NULL,
    administrator_kind TEXT NOT NULL,
    vouched_by TEXT NOT NULL,
    client TEXT NOT NULL,
    subject_iss TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    ticket TEXT NOT NULL,
    details TEXT NOT NULL,
    since BIGINT NOT NULL,
    requested_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    ended_by TEXT NOT NULL,
    ended_why TEXT NOT NULL
);

CREATE INDEX impersonations_administrator ON impersonations (administrator_iss, administrator, requested_at);
CREATE INDEX impersonations_subject ON impersonations (subject_iss, subject, requested_at);
CREATE INDEX impersonations_requested ON impersonations (requested_at);

-- What would end one when it is revoked (core/lineage.py).
CREATE TABLE impersonation_marks (
    mark TEXT NOT NULL,
    impersonation TEXT NOT NULL,
    PRIMARY KEY (mark, impersonation)
);

CREATE INDEX impersonation_marks_impersonation ON impersonation_marks (impersonation);
