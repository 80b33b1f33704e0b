-- Archives that the server was given to import, and lists by the time at which things were made.
--
-- What is imported is older than what was made here before it, so the order of insertion, which
-- lists had, would show it as the newest.

ALTER TABLE evals ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
UPDATE evals SET created_at = $created_at_of_document;
CREATE INDEX evals_by_age ON evals (project_id, created_at, seq);
DROP INDEX evals_by_project;

ALTER TABLE files ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
UPDATE files SET created_at = $created_at_of_document;
CREATE INDEX files_by_age ON files (project_id, created_at, seq);
CREATE INDEX files_by_purpose_and_age ON files (project_id, purpose, created_at, seq);
DROP INDEX files_by_project;
DROP INDEX files_by_purpose;

CREATE INDEX runs_by_eval_and_age ON runs (eval_id, created_at, seq);
CREATE INDEX runs_by_eval_status_and_age ON runs (eval_id, status, created_at, seq);
DROP INDEX runs_by_eval;
DROP INDEX runs_by_eval_and_status;

-- `report` is NULL until the import has ended; the archive's blob is kept until then.
CREATE TABLE archive_imports (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    is_dry BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    blob_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    report TEXT
);
CREATE INDEX archive_imports_by_status ON archive_imports (status, seq);
