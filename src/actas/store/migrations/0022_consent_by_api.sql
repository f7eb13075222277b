-- usable-from: 5
-- What an app may do at each API, where somebody let it do different things at several (signin/consents.py). Of
-- what was given before this nobody knows it, and an older program that runs beside this writes none: then
-- people are asked again.

ALTER TABLE consents ADD COLUMN scope_at TEXT NOT NULL DEFAULT '{}';
