-- What was imported: bodies as their source served them, and stored chat completions.
--
-- `imported` and `extras` are NULL in what was made here.

ALTER TABLE evals ADD COLUMN imported TEXT;

ALTER TABLE runs ADD COLUMN imported TEXT;

ALTER TABLE files ADD COLUMN imported TEXT;

ALTER TABLE output_items ADD COLUMN extras TEXT;

CREATE TABLE chat_completions (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    created BIGINT NOT NULL,
    model TEXT NOT NULL,
    metadata TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX chat_completions_by_project ON chat_completions (project_id, seq);
CREATE INDEX chat_completions_by_age ON chat_completions (project_id, created, seq);

-- `position` is the message's place among those of its completion, from 0.
CREATE TABLE chat_completion_messages (
    completion_id TEXT NOT NULL REFERENCES chat_completions (id),
    position BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (completion_id, position)
);
