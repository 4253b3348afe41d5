-- What people wish to hear, by which channels and when, as JSON; the row without a name is the default of all others.
-- A row stays when somebody goes back to the default: as long as there is none, nobody was ever told by wishes.
CREATE TABLE wish (
    person TEXT PRIMARY KEY,
    wishes TEXT,
    open INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX wish_open ON wish (person) WHERE open;

-- As which kind of news a message was stored by somebody's wishes, and for what it waits: quiet hours or a digest.
ALTER TABLE message ADD COLUMN news TEXT;
ALTER TABLE message ADD COLUMN waits TEXT;
CREATE INDEX message_digest ON message (channel, recipient) WHERE state = 'pending' AND waits = 'digest';

-- What of a recipient is still to be delivered, in order; what was sent before may be a great deal.
CREATE INDEX message_order ON message (request_id, channel, recipient) WHERE state = 'pending';
