-- usable-from: 5
-- Whom it is still to be told that somebody acts, or acted, as somebody else (notices/due.py).

CREATE TABLE impersonation_notices (
    impersonation TEXT NOT NULL,
    what TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (impersonation, what)
);

CREATE INDEX impersonation_notices_due ON impersonation_notices (due_at);
