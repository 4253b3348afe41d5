-- name: happenings
-- The data stand behind these columns: what is large is not even read.
SELECT sequence, at, kind, request_id, run_id FROM event WHERE sequence > :after ORDER BY sequence LIMIT :limit

-- name: run_facts
SELECT initiator, flow FROM run WHERE id = :run_id

-- name: requests_of_run
SELECT id FROM request WHERE run_id = :run_id ORDER BY id DESC LIMIT :limit
