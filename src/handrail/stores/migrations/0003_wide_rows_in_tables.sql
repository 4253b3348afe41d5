-- Requests and runs in ordinary tables. Without a rowid, SQLite puts what a row has beyond a quarter of a page into a
-- page of its own, and nearly every request is as large as that: they took three times their size.

CREATE TABLE request_3 (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    thread TEXT NOT NULL,
    run_id TEXT,
    flow TEXT,
    due_at INTEGER,
    draft TEXT NOT NULL,
    state TEXT NOT NULL,
    key TEXT,
    pool TEXT,
    worker TEXT,
    priority INTEGER NOT NULL DEFAULT 0
);
INSERT INTO request_3 (id, version, status, thread, run_id, flow, due_at, draft, state, key, pool, worker, priority)
SELECT id, version, status, thread, run_id, flow, due_at, draft, state, key, pool, worker, priority
FROM request ORDER BY id;
DROP TABLE request;
ALTER TABLE request_3 RENAME TO request;
CREATE INDEX request_pending ON request (id) WHERE status IN ('OPEN', 'CLAIMED');
CREATE INDEX request_due ON request (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX request_run ON request (run_id, id) WHERE run_id IS NOT NULL;
-- The first request of a thread has the thread's id: only the others have to be looked for.
CREATE INDEX request_thread ON request (thread, id) WHERE thread <> id;
CREATE UNIQUE INDEX request_key ON request (key) WHERE key IS NOT NULL;
CREATE INDEX request_key_pending ON request (key) WHERE key IS NOT NULL AND status IN ('OPEN', 'CLAIMED');
CREATE INDEX request_in_line ON request (pool, priority DESC, id) WHERE pool IS NOT NULL;
CREATE INDEX request_load ON request (worker) WHERE worker IS NOT NULL AND status IN ('OPEN', 'CLAIMED');
CREATE INDEX request_worker ON request (worker, id) WHERE worker IS NOT NULL;

CREATE TABLE run_3 (
    id TEXT PRIMARY KEY NOT NULL,
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
);
INSERT INTO run_3 (id, flow, queue, status, token, worker, home, initiator, created_at, updated_at, signature, input,
    result, error)
SELECT id, flow, queue, status, token, worker, home, initiator, created_at, updated_at, signature, input, result, error
FROM run ORDER BY id;
DROP TABLE run;
ALTER TABLE run_3 RENAME TO run;
CREATE INDEX run_created ON run (created_at, id);
CREATE INDEX run_worker ON run (worker) WHERE worker IS NOT NULL;
CREATE INDEX run_home ON run (home) WHERE home IS NOT NULL;
