-- name: set_callback
INSERT INTO callback (request_id, url) VALUES (:request_id, :url)

-- name: callback
SELECT url FROM callback WHERE request_id = :request_id

-- name: insert_once
INSERT INTO once (caller, key, digest, request_id) VALUES (:caller, :key, :digest, :request_id)

-- name: once
SELECT digest, request_id FROM once WHERE caller = :caller AND key = :key
