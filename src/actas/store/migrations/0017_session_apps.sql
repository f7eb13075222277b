-- usable-from: 5
-- Which apps a session has served, and which of them are to be told that it ended (signin/served.py).

CREATE TABLE session_apps (
    id TEXT NOT NULL PRIMARY KEY,
    sid TEXT NOT NULL,
    client TEXT NOT NULL,
    subject TEXT NOT NULL,
    vouched_by TEXT NOT NULL,
    session TEXT NOT NULL,
    person TEXT NOT NULL,
    origin TEXT NOT NULL,
    since BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    entry TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    trouble TEXT NOT NULL
);

CREATE INDEX session_apps_session ON session_apps (session);

CREATE INDEX session_apps_person ON session_apps (person);

CREATE INDEX session_apps_origin ON session_apps (origin);

CREATE INDEX session_apps_end ON session_apps (ends_at);

CREATE INDEX session_apps_due ON session_apps (next_at) WHERE ended_at > 0;
