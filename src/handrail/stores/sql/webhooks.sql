-- name: insert_webhook
INSERT INTO webhook (id, url, description, kinds, flow, content, active, stopped_because, version, rotated_at,
    created_at, created_by, cursor)
VALUES (:id, :url, :description, :kinds, :flow, :content, :active, :stopped_because, :version, :rotated_at,
    :created_at, :created_by, :cursor)

-- name: update_webhook
UPDATE webhook
SET url = :url, description = :description, kinds = :kinds, flow = :flow, content = :content, active = :active,
    stopped_because = :stopped_because, version = :version, rotated_at = :rotated_at, cursor = :cursor
WHERE id = :id

-- name: move_cursor
UPDATE webhook SET cursor = :cursor WHERE id = :id

-- name: webhook
SELECT id, url, description, created_at, created_by, cursor, kinds, flow, content, active, stopped_because, version,
    rotated_at
FROM webhook WHERE id = :id

-- name: webhooks
SELECT id, url, description, created_at, created_by, cursor, kinds, flow, content, active, stopped_because, version,
    rotated_at
FROM webhook WHERE active OR NOT :active ORDER BY id

-- name: delete_webhook
DELETE FROM webhook WHERE id = :id

-- name: delete_deliveries
DELETE FROM delivery WHERE webhook_id = :id

-- name: log_lines
SELECT event.sequence, event.kind, event.request_id, event.run_id, event.hash, coalesce(request.flow, run.flow),
    CASE event.kind WHEN 'webhook_tested' THEN json_extract(event.data, '$.webhook') END
FROM event LEFT JOIN request ON request.id = event.request_id LEFT JOIN run ON run.id = event.run_id
WHERE event.sequence > :after ORDER BY event.sequence LIMIT :limit

-- name: insert_delivery
INSERT INTO delivery (webhook_id, sequence, event_id, kind, subject, stored_at, state, attempts, first_at, due_at,
    done_at, status, error)
SELECT :webhook_id, :sequence, :event_id, :kind, :subject, :stored_at, :state, :attempts, :first_at,
    CASE WHEN EXISTS (
        SELECT 1 FROM delivery INDEXED BY delivery_pending
        WHERE webhook_id = :webhook_id AND subject = :subject AND state = 'pending'
    ) THEN NULL ELSE :due_at END,
    :done_at, :status, :error

-- name: update_delivery
UPDATE delivery
SET state = :state, attempts = :attempts, first_at = :first_at, due_at = :due_at, done_at = :done_at,
    status = :status, error = :error
WHERE webhook_id = :webhook_id AND sequence = :sequence

-- name: delivery
SELECT webhook_id, sequence, event_id, kind, subject, stored_at, state, attempts, first_at, due_at, done_at, status, error
FROM delivery WHERE webhook_id = :webhook_id AND sequence = :sequence

-- name: promote
UPDATE delivery SET due_at = :now
WHERE webhook_id = :webhook_id AND sequence = (
    SELECT min(sequence) FROM delivery INDEXED BY delivery_pending
    WHERE webhook_id = :webhook_id AND subject = :subject AND state = 'pending'
) AND due_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM delivery AS other INDEXED BY delivery_pending
    WHERE other.webhook_id = :webhook_id AND other.subject = :subject AND other.state = 'pending'
        AND other.due_at IS NOT NULL
)

-- name: due_deliveries
SELECT webhook_id, sequence, event_id, kind, subject, stored_at, state, attempts, first_at, due_at, done_at, status, error
FROM delivery INDEXED BY delivery_due
WHERE webhook_id = :webhook_id AND due_at <= :now ORDER BY due_at, sequence LIMIT :limit

-- name: next_delivery_due
SELECT min(due_at) FROM delivery INDEXED BY delivery_due WHERE webhook_id = :webhook_id AND due_at IS NOT NULL

-- name: deliveries
SELECT webhook_id, sequence, event_id, kind, subject, stored_at, state, attempts, first_at, due_at, done_at, status, error
FROM delivery WHERE webhook_id = :webhook_id AND sequence < :before ORDER BY sequence DESC LIMIT :limit

-- name: deliveries_in_state
SELECT webhook_id, sequence, event_id, kind, subject, stored_at, state, attempts, first_at, due_at, done_at, status, error
FROM delivery INDEXED BY delivery_state
WHERE webhook_id = :webhook_id AND state = :state AND sequence < :before ORDER BY sequence DESC LIMIT :limit

-- name: count_deliveries
SELECT count(*) FROM (
    SELECT 1 FROM delivery INDEXED BY delivery_state WHERE webhook_id = :webhook_id AND state = :state LIMIT :limit
)

-- name: first_trouble
SELECT error FROM (
    SELECT sequence, error FROM delivery INDEXED BY delivery_state
    WHERE webhook_id = :webhook_id AND state = 'pending' ORDER BY sequence LIMIT :limit
) WHERE error IS NOT NULL ORDER BY sequence LIMIT 1

-- name: forget_deliveries
DELETE FROM delivery WHERE (webhook_id, sequence) IN (
    SELECT webhook_id, sequence FROM delivery INDEXED BY delivery_done WHERE done_at < :before LIMIT :limit
)

-- name: inbound
SELECT id, person, label, created_at, created_by, version, rotated_at, used_at, revoked_at FROM inbound WHERE id = :id

-- name: inbounds
SELECT id, person, label, created_at, created_by, version, rotated_at, used_at, revoked_at FROM inbound
ORDER BY created_at DESC, id

-- name: insert_inbound
INSERT INTO inbound (id, person, label, created_at, created_by, version, rotated_at, used_at, revoked_at)
VALUES (:id, :person, :label, :created_at, :created_by, :version, :rotated_at, :used_at, :revoked_at)

-- name: update_inbound
UPDATE inbound SET version = :version, rotated_at = :rotated_at, used_at = :used_at, revoked_at = :revoked_at
WHERE id = :id
