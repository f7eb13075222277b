-- usable-from: 5
-- Clients that registered themselves (clients/registered.py).

CREATE TABLE registered_clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    metadata TEXT NOT NULL,
    secret BYTEA NOT NULL,
    registered_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    until BIGINT NOT NULL
);

CREATE INDEX registered_clients_end ON registered_clients (until);

INSERT INTO generations (name, number) VALUES ('registered clients', 0);
