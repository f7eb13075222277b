-- usable-from: 5
-- What was revoked, until nothing that it ends can be live any more (core/lineage.py).

CREATE TABLE revocations (
    seq BIGINT NOT NULL PRIMARY KEY,
    mark TEXT NOT NULL,
    up_to BIGINT NOT NULL,
    until BIGINT NOT NULL,
    entry TEXT NOT NULL
);

CREATE INDEX revocations_until ON revocations (until);
