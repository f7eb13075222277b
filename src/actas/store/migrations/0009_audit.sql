-- usable-from: 5
-- only: postgresql
-- The audit log, when nodes share it. Beside a SQLite database it has files of its own (store/audit_file.py).
-- Nothing is indexed but what keeps two writers from writing one entry, and lines stay where they are put: a
-- long chain is not compressed while somebody waits for its token.

CREATE TABLE audit_streams (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    checked BIGINT NOT NULL,
    clean BOOLEAN NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE audit_entries (
    stream TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    line BYTEA NOT NULL,
    PRIMARY KEY (stream, seq)
) WITH (toast_tuple_target = 8160);

-- Entries whose answers did not leave in time, until an event names them.
CREATE TABLE audit_undelivered (
    stream TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (stream, seq)
);

CREATE TABLE audit_checkpoints (
    number BIGINT NOT NULL PRIMARY KEY,
    line BYTEA NOT NULL
);
