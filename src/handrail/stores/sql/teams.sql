-- name: insert_team
INSERT INTO team (run_id, name, status, version, inputs, result_task, error, begun_at, moved_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: team
SELECT run_id, name, status, version, inputs, result_task, error, begun_at, moved_at FROM team WHERE run_id = ?

-- name: update_team
UPDATE team SET status = ?, version = ?, error = ?, moved_at = ? WHERE run_id = ? AND version = ?

-- name: insert_card
INSERT INTO card (
    run_id, place, task, title, agent, parallel, missing, status, ready, round, since, run, request_id, reason, moved_at,
    feedback, processed, counted, calls, input_tokens, output_tokens, cost, unpriced
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_text
INSERT INTO card_text (run_id, task, planned, result) VALUES (?, ?, ?, ?)

-- name: insert_dependency
INSERT INTO dependency (run_id, task, needs) VALUES (?, ?, ?)

-- name: update_card
UPDATE card SET status = ?, ready = ?, round = ?, since = ?, run = ?, request_id = ?, reason = ?, moved_at = ?,
    feedback = ?, processed = ?, counted = ?, calls = ?, input_tokens = ?, output_tokens = ?, cost = ?, unpriced = ?
WHERE run_id = ? AND task = ?

-- name: update_result
UPDATE card_text SET result = ? WHERE run_id = ? AND task = ?

-- name: card
SELECT {columns}, planned, result FROM card JOIN card_text USING (run_id, task) WHERE run_id = :run_id AND task = :task

-- name: count_missing
-- Before a card is stored that is done now, or isn't any more.
UPDATE card SET missing = missing + CASE WHEN :done THEN -1 ELSE 1 END
WHERE run_id = :run_id AND task IN (SELECT task FROM dependency WHERE run_id = :run_id AND needs = :task)
    AND :done <> (SELECT status = 'DONE' FROM card AS needed WHERE needed.run_id = :run_id AND needed.task = :task)

-- name: cards
SELECT {columns}, planned, result FROM card JOIN card_text USING (run_id, task)
WHERE run_id = :run_id ORDER BY place LIMIT :limit

-- name: cards_in
SELECT {columns}, planned, result FROM card INDEXED BY card_status JOIN card_text USING (run_id, task)
WHERE run_id = :run_id AND status IN (SELECT value FROM json_each(:statuses)) ORDER BY place LIMIT :limit

-- name: outlines
SELECT {columns} FROM card WHERE run_id = :run_id ORDER BY place

-- name: decided_cards
SELECT {columns}, planned, result FROM card JOIN card_text USING (run_id, task)
WHERE card.run_id = :run_id AND card.status = 'AWAITING_VALIDATION' AND EXISTS (
    SELECT 1 FROM request WHERE request.id = card.request_id AND request.status NOT IN ('OPEN', 'CLAIMED')
)
ORDER BY place

-- name: next_cards
-- A task without `parallel` comes up when all before it are done: only the first that isn't done can be that one.
SELECT {columns}, planned, result FROM card JOIN card_text USING (run_id, task)
WHERE run_id = :run_id AND place IN (
    SELECT place FROM card WHERE run_id = :run_id AND status = 'REVISE'
    UNION SELECT place FROM card WHERE run_id = :run_id AND status = 'BLOCKED' AND ready
    UNION SELECT place FROM card WHERE run_id = :run_id AND status = 'TODO' AND missing = 0
        AND place = (SELECT min(place) FROM card WHERE run_id = :run_id AND status <> 'DONE')
    UNION SELECT place FROM (
        SELECT place FROM card INDEXED BY card_free
        WHERE run_id = :run_id AND status = 'TODO' AND parallel AND missing = 0 ORDER BY place LIMIT :limit
    )
)
ORDER BY place LIMIT :limit

-- name: any_open
SELECT 1 FROM card INDEXED BY card_open WHERE run_id = ? AND status <> 'DONE' LIMIT 1

-- name: dependants
-- What depends on a task that is TODO is TODO itself: there the way back ends.
WITH RECURSIVE behind (task) AS (
    SELECT :task
    UNION SELECT card.task FROM behind CROSS JOIN dependency CROSS JOIN card
    WHERE dependency.run_id = :run_id AND dependency.needs = behind.task
        AND card.run_id = :run_id AND card.task = dependency.task AND card.status <> 'TODO'
)
SELECT {columns}, planned, result
FROM behind CROSS JOIN card ON card.run_id = :run_id AND card.task = behind.task
    JOIN card_text ON card_text.run_id = :run_id AND card_text.task = card.task
WHERE card.task <> :task ORDER BY card.place

-- name: task_counts
SELECT status, count(*) FROM card WHERE run_id = ? GROUP BY status

-- name: usage
SELECT sum(calls), sum(input_tokens), sum(output_tokens), sum(unpriced) FROM card WHERE run_id = ?

-- name: costs
SELECT cost FROM card WHERE run_id = ? AND cost <> '0'

-- name: insert_feedback
INSERT INTO feedback (run_id, task, number, content, status, given_by, given_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: process_feedback
UPDATE feedback SET status = 'PROCESSED', changed_at = ? WHERE run_id = ? AND task = ? AND number > ? AND number <= ?

-- name: feedback
SELECT number, content, status, given_by, given_at, changed_at FROM feedback
WHERE run_id = ? AND task = ? AND number > ? ORDER BY number LIMIT ?

-- name: team_log
SELECT sequence, at, actor, kind, request_id, run_id, data, hash FROM event INDEXED BY event_run
WHERE run_id = ? AND request_id IS NULL AND sequence > ? ORDER BY sequence LIMIT ?

-- name: latest_team_log
SELECT sequence, at, actor, kind, request_id, run_id, data, hash FROM event INDEXED BY event_run
WHERE run_id = ? AND request_id IS NULL AND sequence < ? ORDER BY sequence DESC LIMIT ?

-- name: unmet
SELECT card.task, needed.task FROM card
JOIN dependency ON dependency.run_id = card.run_id AND dependency.task = card.task
JOIN card AS needed ON needed.run_id = card.run_id AND needed.task = dependency.needs
WHERE card.run_id = ? AND card.status = 'TODO' AND needed.status <> 'DONE'
ORDER BY card.place, needed.place

-- name: latest_task_log
SELECT sequence, at, actor, kind, request_id, run_id, data, hash FROM (
    SELECT * FROM event INDEXED BY event_run
    WHERE run_id = :run_id AND request_id IS NULL AND sequence < :before ORDER BY sequence DESC LIMIT :looked_at
)
WHERE kind LIKE 'task\_%' ESCAPE '\' AND json_extract(data, '$.task') = :task ORDER BY sequence DESC LIMIT :limit

-- name: looked_at
SELECT sequence FROM event INDEXED BY event_run
WHERE run_id = :run_id AND request_id IS NULL AND sequence < :before ORDER BY sequence DESC LIMIT 1 OFFSET :looked_at - 1
