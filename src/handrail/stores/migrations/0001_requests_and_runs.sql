-- Requests, their log, what is told about them; runs, their journals, what wakes them.
-- Moments are microseconds since 1970 (UTC).

CREATE TABLE request (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    thread TEXT NOT NULL,
    run_id TEXT,
    flow TEXT,
    due_at INTEGER,
    draft TEXT NOT NULL,
    state TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX request_pending ON request (id) WHERE status IN ('OPEN', 'CLAIMED');
CREATE INDEX request_due ON request (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX request_run ON request (run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX request_thread ON request (thread, id);

CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    request_id TEXT,
    run_id TEXT,
    data TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX event_request ON event (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX event_run ON event (run_id) WHERE request_id IS NULL;

CREATE TABLE member (
    groupname TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (groupname, person)
) WITHOUT ROWID;

CREATE TABLE message (
    id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    occasion TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    state TEXT NOT NULL,
    error TEXT
) WITHOUT ROWID;
CREATE INDEX message_due ON message (channel, due_at) WHERE state = 'pending';
CREATE INDEX message_request ON message (request_id);

CREATE TABLE run (
    id TEXT PRIMARY KEY,
    flow TEXT,
    queue TEXT NOT NULL,
    status TEXT NOT NULL,
    token INTEGER NOT NULL,
    worker TEXT,
    home TEXT,
    initiator TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    signature TEXT NOT NULL,
    input TEXT NOT NULL,
    result TEXT,
    error TEXT
) WITHOUT ROWID;
CREATE INDEX run_created ON run (created_at, id);
CREATE INDEX run_worker ON run (worker) WHERE worker IS NOT NULL;
CREATE INDEX run_home ON run (home) WHERE home IS NOT NULL;

CREATE TABLE journal (
    run_id TEXT NOT NULL,
    frame TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    label TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    value TEXT,
    request_id TEXT,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (run_id, frame, ordinal)
) WITHOUT ROWID;

CREATE TABLE wakeup (
    run_id TEXT NOT NULL,
    strand TEXT NOT NULL,
    queue TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    PRIMARY KEY (run_id, strand)
) WITHOUT ROWID;
CREATE INDEX wakeup_due ON wakeup (queue, not_before);

CREATE TABLE worker (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    flows TEXT NOT NULL
) WITHOUT ROWID;
