-- usable-from: 5
-- What devices asked, and what came of it (subjects/device_code.py).

CREATE TABLE device_codes (
    digest TEXT NOT NULL PRIMARY KEY,
    user_code TEXT NOT NULL,
    whose TEXT NOT NULL,
    asked BYTEA NOT NULL,
    state TEXT NOT NULL,
    authorized TEXT NOT NULL,
    answer BYTEA NOT NULL,
    pause BIGINT NOT NULL,
    polled_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX device_codes_user_code ON device_codes (user_code);

CREATE INDEX device_codes_whose ON device_codes (whose);

CREATE INDEX device_codes_end ON device_codes (ends_at);
