-- Workers: who is alive, and who has which shard and which plan in hand.

CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    process_id BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL
);

-- NULL: free for whoever comes first. What a former version left begun is free again.
ALTER TABLE run_shards ADD COLUMN worker_id TEXT;
CREATE INDEX run_shards_in_hand ON run_shards (worker_id) WHERE worker_id IS NOT NULL;
CREATE INDEX run_shards_free ON run_shards (run_seq, number) WHERE worker_id IS NULL AND NOT is_done;

ALTER TABLE runs ADD COLUMN planner_id TEXT;
CREATE INDEX runs_being_planned ON runs (planner_id) WHERE planner_id IS NOT NULL;
