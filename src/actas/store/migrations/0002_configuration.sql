-- usable-from: 1
-- The configuration: named objects, each a document, and the generations they went through.

CREATE TABLE configuration_objects (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    keeper TEXT NOT NULL,
    origin TEXT NOT NULL,
    place TEXT NOT NULL,
    folder TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);

-- Keyed digests of client secrets that this server made.
CREATE TABLE client_secrets (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (kind, name, digest)
);

-- One row for every change of the whole. The key is what makes two changes at once one after the other.
CREATE TABLE configuration_generations (
    generation BIGINT NOT NULL PRIMARY KEY,
    made_at BIGINT NOT NULL,
    entry TEXT NOT NULL
);

-- Entries of the audit log that were committed with a change and are not in a stream yet (REL-01).
CREATE TABLE configuration_records (
    generation BIGINT NOT NULL,
    place BIGINT NOT NULL,
    body TEXT NOT NULL,
    taken_by TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    PRIMARY KEY (generation, place)
);
