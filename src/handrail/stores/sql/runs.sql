-- name: log_of_run
SELECT sequence, at, actor, kind, request_id, run_id, data, hash FROM event
WHERE run_id = :run_id AND request_id IS NULL ORDER BY sequence

-- name: insert_run
INSERT INTO run (id, flow, queue, status, token, worker, home, initiator, created_at, updated_at, signature, input, result, error, parent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING

-- name: run
SELECT id, flow, queue, status, token, worker, home, initiator, created_at, updated_at, signature, input, result, error, parent
FROM run WHERE id = :id

-- name: standing
SELECT id, status, status IN ('PENDING', 'RUNNING', 'WAITING') AND EXISTS (
    SELECT 1 FROM request WHERE request.run_id = run.id AND request.status IN ('OPEN', 'CLAIMED')
    UNION ALL SELECT 1 FROM watch WHERE watch.run_id = run.id
)
FROM run WHERE id IN (SELECT value FROM json_each(:ids))

-- name: settled
SELECT id FROM run WHERE id IN (SELECT value FROM json_each(:ids)) AND status NOT IN ('PENDING', 'RUNNING', 'WAITING')

-- name: update_run
UPDATE run SET status = ?, token = ?, worker = ?, home = ?, updated_at = ?, result = ?, error = ? WHERE id = ?

-- name: update_held_run
UPDATE run SET status = ?, token = ?, worker = ?, home = ?, updated_at = ?, result = ?, error = ?
WHERE id = ? AND token = ? AND status = 'RUNNING'

-- name: holds
SELECT 1 FROM run WHERE id = ? AND token = ? AND status = 'RUNNING'

-- name: take_waiting
UPDATE run SET status = 'RUNNING', token = token + 1, worker = ?, updated_at = ?
WHERE id = ? AND token = ? AND status = 'WAITING'

-- name: set_waiting
UPDATE run SET status = 'WAITING', worker = NULL, updated_at = ?
WHERE id = ? AND token = ? AND status = 'RUNNING'

-- name: write_entry
INSERT INTO journal (run_id, frame, ordinal, label, kind, state, value, request_id, attempt, at, took)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run_id, frame, ordinal) DO UPDATE SET
    label = excluded.label, kind = excluded.kind, state = excluded.state, value = excluded.value,
    request_id = excluded.request_id, attempt = excluded.attempt, at = excluded.at, took = excluded.took

-- name: entries
SELECT frame, ordinal, label, kind, state, value, request_id, attempt, at, took FROM journal
WHERE run_id = :run_id AND frame = :frame ORDER BY ordinal

-- name: latest_entries
SELECT frame, ordinal, label, kind, state, value, request_id, attempt, at, took FROM journal
WHERE run_id = :run_id AND frame = :frame ORDER BY ordinal DESC LIMIT :limit

-- name: entry
SELECT frame, ordinal, label, kind, state, value, request_id, attempt, at, took FROM journal
WHERE run_id = :run_id AND frame = :frame AND ordinal = :ordinal

-- name: asked
SELECT request_id FROM journal WHERE run_id = :run_id AND request_id IS NOT NULL

-- name: open_branches
UPDATE journal SET state = 'open' WHERE run_id = :run_id AND kind = 'branch' AND state = 'waiting'

-- name: branches
SELECT frame, ordinal, label, kind, state, value, request_id, attempt, at, took FROM journal
WHERE run_id = :run_id AND frame = :frame AND kind = 'branch' AND (:state IS NULL OR state = :state)
ORDER BY ordinal LIMIT :limit

-- name: branches_open
-- Literal values, or SQLite can't take the partial index; by name, or it takes the primary key and reads all branches.
SELECT frame, ordinal, label, kind, state, value, request_id, attempt, at, took FROM journal INDEXED BY journal_open_branch
WHERE run_id = :run_id AND frame = :frame AND kind = 'branch' AND state = 'open' ORDER BY ordinal LIMIT :limit

-- name: last_branch
SELECT max(ordinal) FROM journal WHERE run_id = :run_id AND frame = :frame

-- name: entries_under
SELECT frame, ordinal, label, kind, state, value, request_id, attempt, at, took FROM journal
WHERE run_id = :run_id AND (
    :address = '' OR frame = :address
    OR substr(frame, 1, length(:address) + 1) IN (:address || '/', :address || '[', :address || '!')
)

-- name: delete_under
DELETE FROM journal WHERE run_id = :run_id AND (
    :address = '' OR frame = :address
    OR substr(frame, 1, length(:address) + 1) IN (:address || '/', :address || '[', :address || '!')
)

-- name: delete_frame
DELETE FROM journal WHERE run_id = :run_id AND frame = :frame

-- name: add_wakeup
INSERT INTO wakeup (run_id, strand, queue, not_before)
SELECT id, ?, queue, ? FROM run
WHERE id = ? AND status IN ('PENDING', 'RUNNING', 'WAITING')
ON CONFLICT (run_id, strand) DO UPDATE SET not_before = min(not_before, excluded.not_before)

-- name: wakeups
SELECT wakeup.run_id FROM wakeup JOIN run ON run.id = wakeup.run_id
WHERE wakeup.queue IN (SELECT value FROM json_each(:queues)) AND not_before <= :now AND run.status IN ('PENDING', 'WAITING')
ORDER BY not_before LIMIT :limit

-- name: next_wakeup
-- One look into the index for each queue, however many runs sleep in it.
SELECT min((
    SELECT not_before FROM wakeup JOIN run ON run.id = wakeup.run_id
    WHERE wakeup.queue = known.value AND run.status IN ('PENDING', 'WAITING') ORDER BY not_before LIMIT 1
)) FROM json_each(:queues) AS known

-- name: has_wakeup
SELECT 1 FROM wakeup WHERE run_id = ? AND not_before <= ? LIMIT 1

-- name: take_wakeups
DELETE FROM wakeup WHERE run_id = ? AND not_before <= ? RETURNING strand

-- name: branches_due
SELECT DISTINCT run_id FROM wakeup
WHERE run_id IN (SELECT value FROM json_each(:run_ids)) AND strand <> '' AND not_before <= :now

-- name: next_branch_wakeup
SELECT min(not_before) FROM wakeup
WHERE run_id IN (SELECT value FROM json_each(:run_ids)) AND strand <> '' AND not_before > :now

-- name: take_branch_wakeups
DELETE FROM wakeup WHERE run_id = :run_id AND strand <> '' AND not_before <= :now RETURNING strand

-- name: is_awaited
SELECT EXISTS (SELECT 1 FROM wakeup WHERE run_id = ?1) OR EXISTS (SELECT 1 FROM watch WHERE run_id = ?1)
    OR EXISTS (SELECT 1 FROM request WHERE run_id = ?1 AND status IN ('OPEN', 'CLAIMED'))

-- name: delete_wakeups
DELETE FROM wakeup WHERE run_id = :run_id

-- name: insert_worker
INSERT INTO worker (id, pid, host, started_at, flows) VALUES (:id, :pid, :host, :started_at, :flows)

-- name: delete_worker
DELETE FROM worker WHERE id = :id

-- name: workers
SELECT id, pid, host, started_at, flows FROM worker ORDER BY id

-- name: runs_of_worker
SELECT id, flow, queue, status, token, worker, home, initiator, created_at, updated_at, signature, input, result, error, parent
FROM run WHERE (worker = :worker OR home = :worker) AND status IN ('PENDING', 'RUNNING', 'WAITING')
