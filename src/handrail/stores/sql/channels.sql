-- name: insert_message
INSERT INTO message (id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news,
    waits)
VALUES (:id, :request_id, :channel, :occasion, :due_at, :attempts, :state, :error, :recipient, :place, :detail, :news,
    :waits)

-- name: update_message
UPDATE message
SET due_at = :due_at, attempts = :attempts, state = :state, error = :error, recipient = :recipient, place = :place,
    waits = :waits
WHERE id = :id

-- name: due_messages
-- In the order of the index: no more of it is read than is taken, or passed over.
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message INDEXED BY message_due
WHERE channel = :channel AND state = 'pending' AND due_at <= :now
ORDER BY due_at, id

-- name: line
-- What is pending for one recipient about one request, as `inbox.order` judges it.
SELECT id, due_at, waits IS NOT NULL AND attempts = 0,
    CASE WHEN news IS NULL THEN occasion IN ('claimed', 'released', 'decided', 'changed', 'ended') ELSE news = 'kept' END
FROM message INDEXED BY message_order
WHERE request_id = :request_id AND channel = :channel AND recipient = :recipient AND state = 'pending'
ORDER BY id

-- name: next_message_due
SELECT min(due_at) FROM message
WHERE channel IN (SELECT value FROM json_each(:channels)) AND state = 'pending'

-- name: messages
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message
WHERE :request_id IS NULL OR request_id = :request_id ORDER BY id DESC LIMIT :limit

-- name: message
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message
WHERE id = :id

-- name: newest_messages
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message
WHERE id < :before AND (:channel IS NULL OR channel = :channel) ORDER BY id DESC LIMIT :limit

-- name: messages_of_request
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message
WHERE id IN (SELECT id FROM message INDEXED BY message_request WHERE request_id = :request_id AND id < :before)
    AND (:channel IS NULL OR channel = :channel) AND (:state IS NULL OR state = :state)
ORDER BY id DESC LIMIT :limit

-- name: pending_messages
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message
WHERE id IN (
    SELECT id FROM message INDEXED BY message_due
    WHERE state = 'pending' AND id < :before AND (:channel IS NULL OR channel = :channel) ORDER BY id DESC LIMIT :limit
) ORDER BY id DESC

-- name: failed_messages
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message
WHERE id IN (
    SELECT id FROM message INDEXED BY message_failed
    WHERE state = 'failed' AND id < :before AND (:channel IS NULL OR channel = :channel) ORDER BY id DESC LIMIT :limit
) ORDER BY id DESC

-- name: pending_by_channel
-- From the index alone, and of each channel at most so many: from one channel it leaps to the next.
WITH RECURSIVE waiting (name) AS (
    SELECT min(channel) FROM message INDEXED BY message_due WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT min(channel) FROM message INDEXED BY message_due WHERE state = 'pending' AND channel > name)
    FROM waiting WHERE name IS NOT NULL
)
SELECT name, (
    SELECT count(*) FROM (
        SELECT 1 FROM message INDEXED BY message_due WHERE state = 'pending' AND channel = name LIMIT :limit
    )
) FROM waiting WHERE name IS NOT NULL

-- name: failed_by_channel
WITH RECURSIVE waiting (name) AS (
    SELECT min(channel) FROM message INDEXED BY message_failed WHERE state = 'failed'
    UNION ALL
    SELECT (SELECT min(channel) FROM message INDEXED BY message_failed WHERE state = 'failed' AND channel > name)
    FROM waiting WHERE name IS NOT NULL
)
SELECT name, (
    SELECT count(*) FROM (
        SELECT 1 FROM message INDEXED BY message_failed WHERE state = 'failed' AND channel = name LIMIT :limit
    )
) FROM waiting WHERE name IS NOT NULL

-- name: first_pending
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message
WHERE id IN (
    SELECT id FROM message INDEXED BY message_due WHERE state = 'pending' AND channel = :channel
    ORDER BY due_at LIMIT :limit
)

-- name: insert_sent
INSERT INTO sent (request_id, channel, place, recipient, message_id, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (request_id, channel, place) DO UPDATE SET recipient = excluded.recipient WHERE recipient = ''

-- name: sent
SELECT recipient, place, message_id, at FROM sent
WHERE request_id = :request_id AND channel = :channel ORDER BY at, message_id, place

-- name: sent_at
SELECT request_id, recipient, message_id, at FROM sent WHERE channel = :channel AND place = :place LIMIT 1

-- name: receive
INSERT INTO received (channel, id, at, request_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: keep_received
-- Looked at again only a while later: what is kept for long costs no look each time.
UPDATE received SET at = :again WHERE at < :before AND EXISTS (
    SELECT 1 FROM request WHERE request.id = received.request_id AND request.status IN ('OPEN', 'CLAIMED')
)

-- name: forget_received
DELETE FROM received WHERE at < :before

-- name: told_by_wishes
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message INDEXED BY message_request WHERE request_id = :request_id AND news IS NOT NULL ORDER BY id

-- name: waiting_for_digest
SELECT id, request_id, channel, occasion, due_at, attempts, state, error, recipient, place, detail, news, waits
FROM message INDEXED BY message_digest
WHERE channel = :channel AND recipient = :recipient AND state = 'pending' AND waits = 'digest' AND due_at <= :now
    AND place IS :place
ORDER BY id LIMIT :limit

-- name: has_wishes
SELECT 1 FROM wish LIMIT 1

-- name: own_wishes
SELECT wishes FROM wish WHERE person = :person

-- name: put_wishes
INSERT INTO wish (person, wishes, open, at, by) VALUES (:person, :wishes, :open, :at, :by)
ON CONFLICT (person) DO UPDATE
SET wishes = excluded.wishes, open = excluded.open, at = excluded.at, by = excluded.by

-- name: wishes
SELECT person.name, coalesce(own.wishes, everybody.wishes) AS wished FROM person
LEFT JOIN wish AS own ON own.person = person.name
LEFT JOIN wish AS everybody ON everybody.person = ''
WHERE person.name IN (SELECT value FROM json_each(:names)) AND person.active AND NOT person.service
    AND wished IS NOT NULL

-- name: anybody_for_open
SELECT 1 FROM wish INDEXED BY wish_open WHERE open LIMIT 1

-- name: wishes_for_open
SELECT person.name, person.role, coalesce(own.wishes, everybody.wishes) FROM person
LEFT JOIN wish AS own ON own.person = person.name
LEFT JOIN wish AS everybody ON everybody.person = ''
WHERE person.active AND NOT person.service
    AND CASE WHEN own.wishes IS NOT NULL THEN own.open ELSE everybody.open END
ORDER BY person.name
