-- usable-from: 5
-- Whoever may not be signed in any more is found without reading what all others' sessions have served
-- (store/session_apps.py).

CREATE INDEX session_apps_leaver ON session_apps (subject, vouched_by);
