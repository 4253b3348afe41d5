-- Whom or where a message is for, what of that which was sent it is about, and the words of a comment.
ALTER TABLE message ADD COLUMN recipient TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN place TEXT;
ALTER TABLE message ADD COLUMN detail TEXT;

-- Of each recipient only the first pending message is delivered: what comes later waits for it.
DROP INDEX message_request;
CREATE INDEX message_request ON message (request_id, channel, recipient);

-- What channels have put before people, and by which reference they find it again.
CREATE TABLE sent (
    request_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    place TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (request_id, channel, place)
) WITHOUT ROWID;
CREATE INDEX sent_place ON sent (channel, place);

-- What channels have received: nothing is done twice.
CREATE TABLE received (
    channel TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (channel, id)
) WITHOUT ROWID;
CREATE INDEX received_at ON received (at);

-- Who somebody is on a channel: an address there that the channel verifies belongs to one person.
CREATE TABLE identity (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    added_by TEXT NOT NULL,
    PRIMARY KEY (channel, address)
) WITHOUT ROWID;
CREATE INDEX identity_person ON identity (person, channel);
