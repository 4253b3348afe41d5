-- Teams: their boards as rows, beside the log that they can be rebuilt from. Moments are microseconds since 1970 (UTC).

-- The run that has begun this one, and is woken when it comes to a wait or an end: a team's, of an agent's round.
ALTER TABLE run ADD COLUMN parent TEXT;
CREATE INDEX run_parent ON run (parent, created_at, id) WHERE parent IS NOT NULL;
CREATE INDEX run_alone ON run (created_at, id) WHERE parent IS NULL; -- lists leave out the others, of which there may be many

CREATE TABLE team (
    run_id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    inputs TEXT NOT NULL,
    result_task TEXT NOT NULL,
    error TEXT,
    begun_at INTEGER NOT NULL,
    moved_at INTEGER NOT NULL
);
CREATE INDEX team_begun ON team (begun_at, run_id);
CREATE INDEX team_name ON team (name, begun_at, run_id);
-- What stands still is counted on every page: it must not be looked for among all that is finished.
CREATE INDEX team_status ON team (status, begun_at, run_id);
CREATE INDEX team_name_status ON team (name, status, begun_at, run_id);

CREATE TABLE card (
    run_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    task TEXT NOT NULL,
    title TEXT NOT NULL,
    agent TEXT NOT NULL,
    status TEXT NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0, -- whether its obstacle is removed
    parallel INTEGER NOT NULL,
    missing INTEGER NOT NULL, -- of its dependencies, those that aren't done
    round INTEGER NOT NULL,
    since INTEGER NOT NULL,
    run TEXT, -- of its last round
    request_id TEXT,
    reason TEXT,
    moved_at INTEGER NOT NULL,
    feedback INTEGER NOT NULL,
    processed INTEGER NOT NULL,
    counted INTEGER NOT NULL, -- calls of the model in this round that the usage holds
    calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost TEXT NOT NULL, -- dollars, a decimal number
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (run_id, place)
);
CREATE UNIQUE INDEX card_task ON card (run_id, task);
CREATE INDEX card_status ON card (run_id, status, place);
CREATE INDEX card_open ON card (run_id, place) WHERE status <> 'DONE';
CREATE INDEX card_free ON card (run_id, place) WHERE status = 'TODO' AND parallel AND missing = 0;
CREATE INDEX card_ready ON card (run_id, place) WHERE status = 'BLOCKED' AND ready;

-- What may be large, apart from what changes all the time.
CREATE TABLE card_text (
    run_id TEXT NOT NULL,
    task TEXT NOT NULL,
    planned TEXT NOT NULL,
    result TEXT,
    PRIMARY KEY (run_id, task)
);

CREATE TABLE dependency (
    run_id TEXT NOT NULL,
    task TEXT NOT NULL,
    needs TEXT NOT NULL,
    PRIMARY KEY (run_id, task, needs)
) WITHOUT ROWID;
CREATE INDEX dependency_needs ON dependency (run_id, needs, task);

CREATE TABLE feedback (
    run_id TEXT NOT NULL,
    task TEXT NOT NULL,
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    status TEXT NOT NULL,
    given_by TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, task, number)
);
