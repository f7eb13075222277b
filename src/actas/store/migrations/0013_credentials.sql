-- usable-from: 5
-- What people prove who they are with (signin/holdings.py): one row for each person.

CREATE TABLE credentials (
    subject TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    handle TEXT NOT NULL,
    sealed BYTEA NOT NULL
);

CREATE UNIQUE INDEX credentials_handle ON credentials (handle);
