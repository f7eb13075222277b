-- usable-from: 5
-- What opaque tokens stand for, found by the keyed digest of the whole text and sealed with the text (SEC-96).

CREATE TABLE opaque_tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX opaque_tokens_end ON opaque_tokens (expires_at);
