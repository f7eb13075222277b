-- usable-from: 1
-- Our own keys. The private half is sealed to its row; a database alone is no use to anybody (SEC-92).

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sealed_private BYTEA NOT NULL,
    public_jwk TEXT NOT NULL
);

-- One key signs for one purpose under one algorithm: nodes that start at once agree on it by this.
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (purpose, algorithm) WHERE state = 'active';

-- The keys of keyed digests, one for each use.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);
