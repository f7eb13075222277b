-- usable-from: 5
-- Audit entries that were committed with what they tell, until they stand in a stream (store/outbox.py).

CREATE TABLE outbox (
    entry TEXT NOT NULL PRIMARY KEY,
    place BIGINT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    taken_by TEXT NOT NULL,
    taken_at BIGINT NOT NULL
);
