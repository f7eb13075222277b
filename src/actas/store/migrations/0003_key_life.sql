-- usable-from: 3
-- The life of a key, in seconds since the epoch. A program that knows no newer schema than 2 would sign on with a key
-- that was replaced, so it must not run beside this.

ALTER TABLE signing_keys ADD COLUMN ahead BIGINT NOT NULL DEFAULT 0;
ALTER TABLE signing_keys ADD COLUMN activate_at BIGINT;
ALTER TABLE signing_keys ADD COLUMN retire_at BIGINT;
ALTER TABLE signing_keys ADD COLUMN remove_at BIGINT;
UPDATE signing_keys SET activate_at = created_at;

-- One key waits to follow the one that signs.
CREATE UNIQUE INDEX signing_keys_prepared ON signing_keys (purpose, algorithm) WHERE state = 'prepared';

-- How often something was changed that nodes keep in memory: they look at this, and read the rest when it
-- moved. A change is made on condition that it did not (compare and set).
CREATE TABLE generations (
    name TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);

INSERT INTO generations (name, number) VALUES ('keys', 0);
