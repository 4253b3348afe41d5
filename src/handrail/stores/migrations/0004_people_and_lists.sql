-- Who may reach the pages and the API: people, their sessions, keys and links; guidelines of flows.
-- Of every secret only a hash is kept. Moments are microseconds since 1970 (UTC).

CREATE TABLE person (
    name TEXT PRIMARY KEY,
    folded TEXT NOT NULL UNIQUE, -- the name as names are compared
    display TEXT NOT NULL,
    email TEXT,
    role TEXT NOT NULL,
    password TEXT,
    service INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX person_email ON person (email) WHERE email IS NOT NULL;

CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    agent TEXT
) WITHOUT ROWID;
CREATE INDEX session_person ON session (person);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    person TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER
) WITHOUT ROWID;
CREATE INDEX api_key_person ON api_key (person);

-- One-time links: to log in, or to decide one request.
CREATE TABLE link (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    person TEXT NOT NULL,
    request_id TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    used_for TEXT
) WITHOUT ROWID;
CREATE INDEX link_expires ON link (expires_at);
CREATE INDEX link_unused ON link (person) WHERE used_at IS NULL;

-- How often somebody (a name, an address) tried in vain, and until when nothing more is tried.
CREATE TABLE attempt (
    subject TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempt_last ON attempt (last_at);

CREATE TABLE guideline (
    flow TEXT NOT NULL,
    version INTEGER NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (flow, version)
) WITHOUT ROWID;

CREATE INDEX member_person ON member (person);

-- Requests from outside: whom to call when one ends, and what a caller's idempotency key stands for.
CREATE TABLE callback (
    request_id TEXT PRIMARY KEY,
    url TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE once (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (caller, key)
) WITHOUT ROWID;

-- What is measured: messages that were given up are few among many.
CREATE INDEX message_failed ON message (channel) WHERE state = 'failed';

-- What the lists of the inbox are read by.

-- A pending request lies in a lot: its flow, who is asked, and whether that alone says who may do what ('=') or the
-- request has to be looked at ('~'). `moment` is its deadline, far away for none; or when it has ended. An ended
-- request is in no lot.
ALTER TABLE request ADD COLUMN lot TEXT;
ALTER TABLE request ADD COLUMN moment INTEGER NOT NULL DEFAULT 4611686018427387904;
ALTER TABLE request ADD COLUMN title TEXT;

-- The other lots of a request: several people or groups are asked, or somebody reads it who isn't asked.
CREATE TABLE aside (
    lot TEXT NOT NULL,
    priority INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    id TEXT NOT NULL,
    run_id TEXT,
    title TEXT,
    PRIMARY KEY (lot, priority, moment, id)
) WITHOUT ROWID;

UPDATE request SET moment = coalesce(
    (
        SELECT CAST(strftime('%s', substr(at, 1, 19)) AS INTEGER) * 1000000
            + CAST(round(1e6 * CAST('0' || rtrim(substr(at, 20), 'Z') AS REAL)) AS INTEGER)
        FROM (SELECT json_extract(state, CASE WHEN status IN ('OPEN', 'CLAIMED') THEN '$.deadline' ELSE '$.ended_at' END) AS at)
    ),
    4611686018427387904
);
-- All have to be looked at until they are stored anew; of several that are asked each has a lot aside.
UPDATE request SET title = substr(json_extract(draft, '$.title'), 1, 200), lot = coalesce(flow, '') || char(31) || CASE
    json_array_length(state, '$.audience.users') + json_array_length(state, '$.audience.groups')
    WHEN 0 THEN '*'
    WHEN 1 THEN coalesce(
        'user:' || json_extract(state, '$.audience.users[0]'), 'group:' || json_extract(state, '$.audience.groups[0]')
    )
    ELSE '#'
END || char(31) || '~'
WHERE status IN ('OPEN', 'CLAIMED');
INSERT OR IGNORE INTO aside (lot, priority, moment, id, run_id, title)
SELECT coalesce(flow, '') || char(31) || 'user:' || reader.name || char(31) || '~', priority, moment, request.id, run_id, title
FROM request JOIN (
    SELECT request.id AS request_id, value AS name FROM request, json_each(state, '$.audience.users')
    WHERE lot LIKE '%' || char(31) || '#' || char(31) || '~'
    UNION SELECT id, json_extract(state, '$.initiator') FROM request WHERE lot IS NOT NULL
    UNION SELECT request.id, json_extract(value, '$.actor') FROM request, json_each(state, '$.decisions') WHERE lot IS NOT NULL
) AS reader ON reader.request_id = request.id AND reader.name IS NOT NULL;
INSERT OR IGNORE INTO aside (lot, priority, moment, id, run_id, title)
SELECT coalesce(flow, '') || char(31) || 'group:' || value || char(31) || '~', priority, moment, request.id, run_id, title
FROM request, json_each(state, '$.audience.groups')
WHERE lot LIKE '%' || char(31) || '#' || char(31) || '~';

CREATE INDEX aside_request ON aside (id, lot);
CREATE INDEX request_lot ON request (lot, priority, moment, id, run_id, title) WHERE lot IS NOT NULL;
CREATE INDEX request_urgent ON request (priority, moment, id, lot) WHERE lot IS NOT NULL;
DROP INDEX request_pending;
CREATE INDEX request_pending ON request (id, lot) WHERE status IN ('OPEN', 'CLAIMED');
CREATE INDEX request_ended ON request (flow, moment, id) WHERE lot IS NULL;
-- What Handrail does itself is most of the log: it is read along, not looked up.
CREATE INDEX event_actor ON event (actor) WHERE actor <> 'handrail';

-- When an entry was stored as it is, and how many microseconds its execution took. What is older has neither.
ALTER TABLE journal ADD COLUMN at INTEGER;
ALTER TABLE journal ADD COLUMN took INTEGER;
