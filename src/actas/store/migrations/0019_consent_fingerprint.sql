-- usable-from: 5
-- What an app was when somebody let it act for them, where it says itself what it is (signin/consents.py). An
-- older program that runs beside this writes none, and then people are asked again.

ALTER TABLE consents ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
