-- About which request something was received: as long as that is open it isn't forgotten, and counts no second time.
ALTER TABLE received ADD COLUMN request_id TEXT;
