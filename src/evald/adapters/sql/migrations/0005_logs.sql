-- Logs: stored chat completions and responses, what they are found by, and what was spent.
--
-- Stored completions had a table of their own while they could only be imported. `request` is NULL
-- in those: their messages stand in `log_messages`, as their source served them.

CREATE TABLE logs (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    created BIGINT NOT NULL,
    size BIGINT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    request_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    request TEXT,
    body TEXT NOT NULL
);

INSERT INTO logs (id, project_id, kind, created, size, model, provider, request_id, metadata, body)
SELECT id, project_id, 'chat_completion', created, $bytes_of_document, model, '', '', metadata, document
FROM chat_completions ORDER BY seq;

CREATE INDEX logs_by_age ON logs (project_id, kind, created, seq);
CREATE INDEX logs_by_time ON logs (created, seq);

-- A log has few terms and a table of them many rows: the key is all there is.
CREATE TABLE log_terms (
    project_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    created BIGINT NOT NULL,
    log_seq BIGINT NOT NULL,
    PRIMARY KEY (project_id, kind, field, value, created, log_seq)
) $key_is_all;
CREATE INDEX log_terms_by_log ON log_terms (log_seq);

INSERT INTO log_terms (project_id, kind, field, value, created, log_seq)
SELECT project_id, kind, 'model', model, created, seq FROM logs WHERE length(model) <= 512;

INSERT INTO log_terms (project_id, kind, field, value, created, log_seq)
SELECT project_id, kind, 'metadata.' || pair.key, pair.value, created, seq
FROM logs, $pairs_of_metadata AS pair WHERE length(pair.value) <= 512;

CREATE TABLE log_messages (
    log_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (log_id, position)
);
INSERT INTO log_messages SELECT completion_id, position, document FROM chat_completion_messages;
DROP TABLE chat_completion_messages;
DROP TABLE chat_completions;

-- How much a project keeps, so that nobody has to add it up.
CREATE TABLE log_sizes (
    project_id TEXT NOT NULL PRIMARY KEY,
    logs BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
INSERT INTO log_sizes SELECT project_id, count(*), sum(size) FROM logs GROUP BY project_id;

CREATE TABLE usage_ledger (
    project_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    model TEXT NOT NULL,
    key_id TEXT NOT NULL,
    route TEXT NOT NULL,
    calls BIGINT NOT NULL,
    untold BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (project_id, day, model, key_id, route)
);

-- The rows of a run over logs are kept with the run, as inline ones are, and not echoed.
ALTER TABLE runs ADD COLUMN is_logged BOOLEAN NOT NULL DEFAULT FALSE;
