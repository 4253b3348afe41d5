-- Webhooks, what they are still to be told, and who may call in. Moments are microseconds since 1970 (UTC).
-- Nothing here is secret: secrets are made from the store's key, an id and a version.

CREATE TABLE webhook (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    kinds TEXT NOT NULL, -- a JSON list; empty for everything
    flow TEXT,
    content INTEGER NOT NULL,
    active INTEGER NOT NULL,
    stopped_because TEXT,
    version INTEGER NOT NULL,
    rotated_at INTEGER,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    cursor INTEGER NOT NULL -- the sequence of the log up to which its deliveries are stored
) WITHOUT ROWID;

-- Of each subject only the first pending delivery has a moment to be due: what comes later waits for it.
CREATE TABLE delivery (
    webhook_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_at INTEGER,
    due_at INTEGER,
    done_at INTEGER,
    status INTEGER,
    error TEXT,
    PRIMARY KEY (webhook_id, sequence)
) WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (webhook_id, due_at, sequence) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_pending ON delivery (webhook_id, subject, sequence) WHERE state = 'pending';
CREATE INDEX delivery_state ON delivery (webhook_id, state, sequence);
CREATE INDEX delivery_done ON delivery (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE inbound (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    label TEXT NOT NULL,
    version INTEGER NOT NULL,
    rotated_at INTEGER,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    used_at INTEGER,
    revoked_at INTEGER
) WITHOUT ROWID;
