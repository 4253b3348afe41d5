-- name: open_by_flow
-- From the index alone: a lot begins with its flow.
SELECT substr(lot, 1, instr(lot, char(31)) - 1), count(*) FROM request INDEXED BY request_lot
WHERE lot IS NOT NULL GROUP BY 1 ORDER BY 2 DESC

-- name: oldest_open
SELECT id FROM request INDEXED BY request_pending WHERE status IN ('OPEN', 'CLAIMED') ORDER BY id LIMIT 1

-- name: youngest_runs
SELECT status, count(*) FROM (SELECT status FROM run ORDER BY created_at DESC LIMIT :limit) GROUP BY status

-- name: moves
SELECT kind, CASE kind WHEN 'decided' THEN json_extract(data, '$.decision.verb') END, count(*) FROM event
WHERE sequence > :after AND sequence <= :until GROUP BY 1, 2
