-- usable-from: 5
-- What the requests of devices are counted by beside their client at one place (subjects/device_records.py): so
-- that whoever has many networks takes no room from others. What an older program that runs beside this keeps
-- is counted as that of clients that prove who they are.

ALTER TABLE device_codes ADD COLUMN client TEXT NOT NULL DEFAULT '';

ALTER TABLE device_codes ADD COLUMN near TEXT NOT NULL DEFAULT '';

ALTER TABLE device_codes ADD COLUMN wide TEXT NOT NULL DEFAULT '';

ALTER TABLE device_codes ADD COLUMN room BIGINT NOT NULL DEFAULT 0;

CREATE INDEX device_codes_client ON device_codes (client);

CREATE INDEX device_codes_near ON device_codes (near);

CREATE INDEX device_codes_wide ON device_codes (wide);
