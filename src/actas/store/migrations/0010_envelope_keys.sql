-- usable-from: 5
-- Envelope keys as a key service wrapped them, one for each key of a service (store/envelope_keys.py).

CREATE TABLE envelope_keys (
    service TEXT NOT NULL PRIMARY KEY,
    wrapped TEXT NOT NULL,
    made_at BIGINT NOT NULL
);
