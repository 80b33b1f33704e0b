-- Evals, runs, output items, files, keys.
--
-- `$sequence` is a primary key that counts up and never comes twice, `$bytes` a string of bytes:
-- the two words in which databases differ (sqlite.py). A statement ends where a line does.

CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY
);

CREATE TABLE evals (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX evals_by_project ON evals (project_id, seq);
CREATE INDEX evals_by_update ON evals (project_id, updated_at, seq);

-- tally stands before document: it is read and written with every batch of output items.
CREATE TABLE runs (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    eval_id TEXT NOT NULL REFERENCES evals (id),
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    blob_id TEXT NOT NULL,
    is_inline BOOLEAN NOT NULL,
    checked_bytes BIGINT NOT NULL,
    planned_rows BIGINT,
    tally TEXT NOT NULL,
    error TEXT,
    document TEXT NOT NULL
);
CREATE INDEX runs_by_eval ON runs (eval_id, seq);
CREATE INDEX runs_by_eval_and_status ON runs (eval_id, status, seq);
CREATE INDEX runs_by_status ON runs (status, seq);

-- Kept by the millionth: the run by its number, id and hash as bytes, and without foreign keys, so
-- that a run can go at once and its items later. No WITHOUT ROWID: rows of more than a quarter of a
-- page would lie in pages of their own (measured: up to three times the space).
CREATE TABLE output_items (
    run_seq BIGINT NOT NULL,
    "row" BIGINT NOT NULL,
    id $bytes NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    content_hash $bytes NOT NULL,
    item TEXT NOT NULL,
    results TEXT NOT NULL,
    sample TEXT NOT NULL,
    PRIMARY KEY (run_seq, "row")
);
CREATE INDEX output_items_by_status ON output_items (run_seq, status, "row");

CREATE TABLE run_shards (
    run_seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    first_row BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    byte_offset BIGINT NOT NULL,
    byte_size BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    started_before BIGINT NOT NULL,
    is_done BOOLEAN NOT NULL,
    PRIMARY KEY (run_seq, number)
);

CREATE TABLE row_deaths (
    run_seq BIGINT NOT NULL,
    "row" BIGINT NOT NULL,
    deaths BIGINT NOT NULL,
    PRIMARY KEY (run_seq, "row")
);

CREATE TABLE deleted_runs (
    run_seq BIGINT NOT NULL PRIMARY KEY
);

CREATE TABLE files (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    expires_at BIGINT,
    blob_id TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX files_by_project ON files (project_id, seq);
CREATE INDEX files_by_purpose ON files (project_id, purpose, seq);
CREATE INDEX files_by_expiry ON files (expires_at);

CREATE TABLE api_keys (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    document TEXT NOT NULL
);
CREATE INDEX api_keys_by_project ON api_keys (project_id, seq);

-- The key is kept as its SHA-256, since it is any text that a client sends.
CREATE TABLE idempotency_keys (
    project_id TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    object_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, key_hash)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
