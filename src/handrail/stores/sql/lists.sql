-- name: first_lot
SELECT lot, priority FROM request INDEXED BY request_lot WHERE lot > ? AND lot < ? ORDER BY lot, priority LIMIT 1

-- name: next_priority
SELECT lot, priority FROM request INDEXED BY request_lot WHERE lot = ? AND priority > ? ORDER BY priority LIMIT 1

-- name: first_lot_aside
SELECT lot, priority FROM aside WHERE lot > ? AND lot < ? ORDER BY lot, priority LIMIT 1

-- name: next_priority_aside
SELECT lot, priority FROM aside WHERE lot = ? AND priority > ? ORDER BY priority LIMIT 1

-- name: next_urgent
SELECT priority FROM request INDEXED BY request_urgent
WHERE lot IS NOT NULL AND priority > ? ORDER BY priority LIMIT 1

-- name: next_ended_flow
SELECT flow FROM request INDEXED BY request_ended WHERE lot IS NULL AND flow > ? ORDER BY flow LIMIT 1

-- name: ended
SELECT id, priority, moment FROM request INDEXED BY request_ended
WHERE lot IS NULL AND flow IS ? AND (moment, id) < (?, ?) ORDER BY moment DESC, id DESC LIMIT ?

-- name: decided
SELECT request_id, 0, sequence FROM event INDEXED BY event_actor
WHERE actor = :actor AND actor <> 'handrail' AND sequence < :before AND kind = 'decided' AND request_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM event AS later INDEXED BY event_request
    WHERE later.request_id = event.request_id AND later.sequence > event.sequence
        AND later.kind = 'decided' AND later.actor = event.actor
)
ORDER BY sequence DESC LIMIT :limit

-- name: youngest
SELECT id, priority, moment FROM request WHERE id < ? ORDER BY id DESC LIMIT ?

-- name: outline
SELECT state, json_extract(draft, '$.kind', '$.policy.quorum', '$.policy.require', '$.policy.blind',
        '$.policy.timeout',
        CASE WHEN json_type(draft, '$.context.confidence') IS NULL THEN '$.proposal.confidence' ELSE '$.context.confidence' END),
    coalesce(title, substr(json_extract(draft, '$.title'), 1, 200)), priority
FROM request WHERE id = ?

-- name: sequence_bounds
SELECT (SELECT min(sequence) FROM event), (SELECT max(sequence) FROM event)

-- name: at
SELECT at FROM event WHERE sequence >= ? ORDER BY sequence LIMIT 1

-- name: groups_of
SELECT groupname FROM member WHERE person = ? ORDER BY groupname

-- name: of_run
SELECT id FROM request WHERE run_id = ? ORDER BY id DESC LIMIT ?
