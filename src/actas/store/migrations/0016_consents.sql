-- usable-from: 5
-- What people let apps do (signin/consents.py).

CREATE TABLE consents (
    subject TEXT NOT NULL,
    client TEXT NOT NULL,
    version BIGINT NOT NULL,
    scope TEXT NOT NULL,
    apis TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (subject, client)
);
