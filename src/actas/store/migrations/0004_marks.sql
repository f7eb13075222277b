-- usable-from: 3
-- only: postgresql
-- What may happen once, and has. Beside a SQLite database it has a file of its own, marks.db.

CREATE TABLE marks (
    key BYTEA NOT NULL PRIMARY KEY,
    keep_until BIGINT NOT NULL
);

CREATE INDEX marks_by_time ON marks (keep_until);

-- Up to when marks are gone: whatever is older may have been used, and nobody knows.
CREATE TABLE marks_forgotten (
    id SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    until BIGINT NOT NULL
);

INSERT INTO marks_forgotten VALUES (1, 0);
