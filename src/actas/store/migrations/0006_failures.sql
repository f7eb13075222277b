-- usable-from: 5
-- What failed at one process, for the others (store/failures.py).

CREATE TABLE failures (
    seq BIGINT NOT NULL PRIMARY KEY,
    process TEXT NOT NULL,
    attempt TEXT NOT NULL,
    key TEXT NOT NULL,
    forget BIGINT NOT NULL,
    times BIGINT NOT NULL,
    at BIGINT NOT NULL
);
