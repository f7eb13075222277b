-- usable-from: 5
-- Who is signed in at which browser (signin/sessions.py).

CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,
    sid TEXT NOT NULL,
    whose TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    outline BYTEA NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX sessions_sid ON sessions (sid);

CREATE INDEX sessions_whose ON sessions (whose);

CREATE INDEX sessions_end ON sessions (ends_at);
