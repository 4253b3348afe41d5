-- name: request
SELECT id, draft, state FROM request WHERE id = ?

-- name: insert_request
INSERT INTO request (id, thread, run_id, flow, draft, key, priority, title, version, status, due_at, pool,
    worker, lot, moment, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_aside
INSERT INTO aside (lot, priority, moment, id, run_id, title) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: delete_aside
DELETE FROM aside WHERE id = ?

-- name: keyed
SELECT id, draft, state FROM request WHERE key = :key

-- name: release_key
UPDATE request SET key = NULL WHERE id = :id

-- name: ended_tasks
SELECT id, draft, state FROM request
WHERE key IN (SELECT value FROM json_each(:keys)) AND status NOT IN ('OPEN', 'CLAIMED')

-- name: last_pending
SELECT id FROM request INDEXED BY request_key_pending
WHERE key >= :prefix AND key < :prefix || char(0x10FFFF) AND status IN ('OPEN', 'CLAIMED') ORDER BY id DESC LIMIT 1

-- name: load
SELECT count(*) FROM request INDEXED BY request_load
WHERE worker = :worker AND status IN ('OPEN', 'CLAIMED')

-- name: last_task
SELECT max(id) FROM request WHERE worker = :worker

-- name: in_line
-- The first of each line the worker stands for: lines are few, the tasks in one may be many.
SELECT first.id FROM (SELECT DISTINCT pool FROM request WHERE pool IS NOT NULL) AS known
JOIN request AS first ON first.id = (
    SELECT id FROM request WHERE pool = known.pool ORDER BY priority DESC, id LIMIT 1
)
WHERE :worker IN (SELECT value FROM json_each(known.pool))
ORDER BY first.priority DESC, first.id

-- name: add_watch
INSERT INTO watch (request_id, run_id, strand) VALUES (:request_id, :run_id, :strand) ON CONFLICT DO NOTHING

-- name: take_watchers
DELETE FROM watch WHERE request_id = :request_id RETURNING run_id, strand

-- name: delete_watches
DELETE FROM watch WHERE run_id = :run_id

-- name: update_request
UPDATE request SET version = ?, status = ?, due_at = ?, pool = ?, worker = ?, lot = ?, moment = ?, state = ?
WHERE id = ? AND version = ?

-- name: misfiled_requests
SELECT id FROM request WHERE CASE WHEN NOT json_valid(state) THEN 1 ELSE
    id IS NOT json_extract(state, '$.id') OR version IS NOT json_extract(state, '$.version')
    OR status IS NOT json_extract(state, '$.status') OR thread IS NOT json_extract(state, '$.thread')
    OR worker IS NOT json_extract(state, '$.worker')
    OR (lot IS NULL) IS (status IN ('OPEN', 'CLAIMED'))
    OR run_id IS NOT json_extract(state, '$.run_id') OR flow IS NOT json_extract(state, '$.flow')
    -- Both are moments to the microsecond, of which SQLite's dates keep the milliseconds.
    OR (due_at IS NULL) IS NOT (json_extract(state, '$.due_at') IS NULL)
    OR coalesce(abs(due_at / 1e6 - (julianday(json_extract(state, '$.due_at')) - 2440587.5) * 86400.0) > 0.01,
        due_at IS NOT NULL)
END ORDER BY id

-- name: due_requests
SELECT id FROM request WHERE due_at IS NOT NULL AND due_at <= :now ORDER BY due_at LIMIT :limit

-- name: next_request_due
SELECT (SELECT due_at FROM request WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1)

-- name: members
SELECT person FROM member WHERE groupname = :group

-- name: delete_members
DELETE FROM member WHERE groupname = :group

-- name: insert_member
INSERT INTO member (groupname, person) VALUES (:group, :person) ON CONFLICT DO NOTHING

-- name: last_hash
SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1

-- name: insert_event
INSERT INTO event (sequence, at, actor, kind, request_id, run_id, data, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: events
SELECT at, actor, data FROM event WHERE request_id = :request_id ORDER BY sequence

-- name: log
SELECT sequence, at, actor, kind, request_id, run_id, data, hash FROM event
WHERE sequence > :after ORDER BY sequence LIMIT :limit
