-- Branches that can go on; requests by the key of their task, and by the pool of workers one of whom is to do them;
-- who waits for a request that isn't their own.

CREATE INDEX journal_open_branch ON journal (run_id, frame, ordinal) WHERE kind = 'branch' AND state = 'open';

ALTER TABLE request ADD COLUMN key TEXT;
ALTER TABLE request ADD COLUMN pool TEXT;
ALTER TABLE request ADD COLUMN worker TEXT;
ALTER TABLE request ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
UPDATE request SET priority = coalesce(json_extract(draft, '$.priority'), 0);
CREATE UNIQUE INDEX request_key ON request (key) WHERE key IS NOT NULL;
CREATE INDEX request_key_pending ON request (key) WHERE key IS NOT NULL AND status IN ('OPEN', 'CLAIMED');
CREATE INDEX request_in_line ON request (pool, priority DESC, id) WHERE pool IS NOT NULL;
CREATE INDEX request_load ON request (worker) WHERE worker IS NOT NULL AND status IN ('OPEN', 'CLAIMED');
CREATE INDEX request_worker ON request (worker, id) WHERE worker IS NOT NULL;

CREATE TABLE watch (
    request_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    strand TEXT NOT NULL,
    PRIMARY KEY (request_id, run_id, strand)
) WITHOUT ROWID;
CREATE INDEX watch_run ON watch (run_id);
