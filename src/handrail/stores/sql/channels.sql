-- name: insert_message
INSERT INTO message (id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail)
VALUES (:id, :request_id, :channel, :occasion, :due_at, :attempts, :state, :error, :recipient, :place, :detail)
ON CONFLICT DO NOTHING

-- name: update_message
UPDATE message
SET due_at = :due_at, attempts = :attempts, state = :state, error = :error, recipient = :recipient, place = :place
WHERE id = :id

-- name: due_messages
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail FROM message AS one
WHERE channel IN (SELECT value FROM json_each(:channels)) AND state = 'pending' AND due_at <= :now
    AND NOT EXISTS (
        SELECT 1 FROM message AS earlier INDEXED BY message_request
        WHERE earlier.request_id = one.request_id AND earlier.channel = one.channel
            AND earlier.recipient = one.recipient AND earlier.id < one.id AND earlier.state = 'pending'
            AND earlier.due_at > one.due_at
    )
ORDER BY due_at, id LIMIT :limit

-- name: next_message_due
SELECT min(due_at) FROM message
WHERE channel IN (SELECT value FROM json_each(:channels)) AND state = 'pending'

-- name: messages
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail FROM message
WHERE :request_id IS NULL OR request_id = :request_id ORDER BY id DESC LIMIT :limit

-- name: insert_sent
INSERT INTO sent (request_id, channel, place, recipient, message_id, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: sent
SELECT recipient, place, message_id, at FROM sent
WHERE request_id = :request_id AND channel = :channel ORDER BY at, message_id, place

-- name: sent_at
SELECT request_id, recipient, message_id, at FROM sent WHERE channel = :channel AND place = :place LIMIT 1

-- name: receive
INSERT INTO received (channel, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: forget_received
DELETE FROM received WHERE at < :before
