-- usable-from: 5
-- Who signed in through another issuer, as they were seen last (subjects/known.py).

CREATE TABLE known_people (
    subject TEXT NOT NULL PRIMARY KEY,
    mark TEXT NOT NULL,
    origin_mark TEXT NOT NULL,
    place TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE INDEX known_people_mark ON known_people (mark);

CREATE INDEX known_people_origin ON known_people (origin_mark);

CREATE INDEX known_people_seen ON known_people (seen_at);
