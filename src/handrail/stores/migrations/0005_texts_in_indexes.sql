-- Texts are looked for along the indexes that have all pending requests in order, without reading the requests.

DROP INDEX request_urgent;
CREATE INDEX request_urgent ON request (priority, moment, id, lot, run_id, title) WHERE lot IS NOT NULL;
DROP INDEX request_pending;
CREATE INDEX request_pending ON request (id, lot, run_id, title) WHERE status IN ('OPEN', 'CLAIMED');
