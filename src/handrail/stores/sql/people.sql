-- name: person
SELECT name, display, role, created_at, changed_at, email, service, active, password IS NOT NULL
FROM person WHERE name = :name

-- name: person_called
SELECT name, display, role, created_at, changed_at, email, service, active, password IS NOT NULL
FROM person WHERE folded = :folded OR email = :folded ORDER BY folded <> :folded LIMIT 1

-- name: people
SELECT name, display, role, created_at, changed_at, email, service, active, password IS NOT NULL
FROM person ORDER BY folded

-- name: anybody
SELECT 1 FROM person LIMIT 1

-- name: deciders
SELECT name, role, active FROM person WHERE name IN (SELECT value FROM json_each(?))

-- name: insert_person
INSERT INTO person (name, folded, display, email, role, password, service, active, created_at, changed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: update_person
UPDATE person SET display = ?, email = ?, role = ?, active = ?, changed_at = ? WHERE name = ?

-- name: active_admins
SELECT count(*) FROM person WHERE role = 'admin' AND active AND NOT service

-- name: password
SELECT password FROM person WHERE name = :name

-- name: set_password
UPDATE person SET password = :password, changed_at = :at WHERE name = :name

-- name: insert_session
INSERT INTO session (hash, person, created_at, seen_at, expires_at, agent) VALUES (?, ?, ?, ?, ?, ?)

-- name: session
SELECT hash, person, created_at, seen_at, expires_at, agent FROM session WHERE hash = :hash

-- name: sessions
SELECT hash, person, created_at, seen_at, expires_at, agent FROM session WHERE person = :person
ORDER BY seen_at DESC, hash

-- name: update_session
UPDATE session SET seen_at = :seen_at, expires_at = :expires_at WHERE hash = :hash

-- name: delete_session
DELETE FROM session WHERE hash = :hash

-- name: delete_sessions
DELETE FROM session WHERE person = :person AND hash IS NOT :keep

-- name: delete_expired_sessions
DELETE FROM session WHERE expires_at <= :now

-- name: insert_key
INSERT INTO api_key (id, hash, label, person, scopes, created_at, created_by, expires_at, used_at, revoked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: key
SELECT id, label, person, scopes, created_at, created_by, expires_at, used_at, revoked_at, hash
FROM api_key WHERE id = :id

-- name: keys
SELECT id, label, person, scopes, created_at, created_by, expires_at, used_at, revoked_at
FROM api_key ORDER BY created_at DESC, id

-- name: keys_of
SELECT id, label, person, scopes, created_at, created_by, expires_at, used_at, revoked_at
FROM api_key WHERE person = :person ORDER BY created_at DESC, id

-- name: update_key
UPDATE api_key SET used_at = :used_at, revoked_at = :revoked_at WHERE id = :id

-- name: insert_link
INSERT INTO link (hash, kind, person, request_id, created_at, expires_at, used_at, used_for)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: link
SELECT hash, kind, person, request_id, created_at, expires_at, used_at, used_for FROM link WHERE hash = :hash

-- name: use_link
UPDATE link SET used_at = :at, used_for = :used_for WHERE hash = :hash AND used_at IS NULL

-- name: delete_links
DELETE FROM link WHERE expires_at < :before

-- name: delete_unused_links
DELETE FROM link WHERE person = :person AND used_at IS NULL AND (:kind IS NULL OR kind = :kind)

-- name: attempt
SELECT subject, failures, last_at, blocked_until FROM attempt WHERE subject = :subject

-- name: put_attempt
INSERT INTO attempt (subject, failures, last_at, blocked_until)
VALUES (:subject, :failures, :last_at, :blocked_until)
ON CONFLICT (subject) DO UPDATE
SET failures = excluded.failures, last_at = excluded.last_at, blocked_until = excluded.blocked_until

-- name: delete_attempt
DELETE FROM attempt WHERE subject = :subject

-- name: old_attempts
DELETE FROM attempt WHERE last_at < :before

-- name: count_attempts
SELECT count(*) FROM attempt

-- name: oldest_attempts
DELETE FROM attempt WHERE subject IN (SELECT subject FROM attempt ORDER BY last_at, subject LIMIT :count)

-- name: groups
SELECT groupname, person FROM member ORDER BY groupname, person

-- name: groups_of
SELECT groupname FROM member WHERE person = :person ORDER BY groupname

-- name: insert_guideline
INSERT INTO guideline (flow, version, text, created_at, created_by) VALUES (?, ?, ?, ?, ?)

-- name: guideline
SELECT flow, version, text, created_at, created_by FROM guideline
WHERE flow = :flow ORDER BY version DESC LIMIT 1

-- name: guideline_text
SELECT text FROM guideline WHERE flow = :flow ORDER BY version DESC LIMIT 1

-- name: guideline_history
SELECT flow, version, text, created_at, created_by FROM guideline WHERE flow = :flow ORDER BY version DESC

-- name: guidelines
SELECT flow, version, text, created_at, created_by FROM guideline AS newest
WHERE version = (SELECT max(version) FROM guideline WHERE flow = newest.flow) ORDER BY flow

-- name: insert_identity
INSERT INTO identity (channel, address, person, at, added_by) VALUES (?, ?, ?, ?, ?)

-- name: identity
SELECT channel, address, person, at, added_by FROM identity WHERE channel = :channel AND address = :address

-- name: identities
SELECT channel, address, person, at, added_by FROM identity
WHERE person <> '' AND (:person IS NULL OR person = :person)
ORDER BY channel, address

-- name: delete_identity
DELETE FROM identity WHERE channel = :channel AND address = :address
