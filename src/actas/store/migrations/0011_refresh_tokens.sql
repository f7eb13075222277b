-- usable-from: 5
-- Exchanges that may be done again by refresh tokens (core/family.py).

CREATE TABLE refresh_families (
    id TEXT NOT NULL PRIMARY KEY,
    client TEXT NOT NULL,
    bound_to TEXT NOT NULL,
    since BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    ended BIGINT NOT NULL
);

CREATE INDEX refresh_families_end ON refresh_families (until);

-- Every token that a family has had, so that one that comes again is known again.
CREATE TABLE refresh_tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    family TEXT NOT NULL,
    generation BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    until BIGINT NOT NULL
);

CREATE UNIQUE INDEX refresh_tokens_place ON refresh_tokens (family, generation);

-- What would end a family when it is revoked (core/lineage.py).
CREATE TABLE refresh_marks (
    mark TEXT NOT NULL,
    family TEXT NOT NULL,
    PRIMARY KEY (mark, family)
);

CREATE INDEX refresh_marks_family ON refresh_marks (family);
