-- Webhooks: endpoints, deliveries, and which runs nobody has been told of.
--
-- `is_told` is TRUE in runs that had ended before, so that an upgrade tells of none of them.

ALTER TABLE runs ADD COLUMN is_told BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE runs SET is_told = FALSE WHERE status IN ('queued', 'in_progress') AND imported IS NULL;
CREATE INDEX runs_untold ON runs (seq) WHERE NOT is_told;

CREATE TABLE webhooks (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    sealed_secret TEXT NOT NULL
);
CREATE INDEX webhooks_by_project ON webhooks (project_id, seq);

CREATE TABLE webhook_deliveries (
    seq $sequence,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    run_id TEXT NOT NULL,
    eval_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    last_attempt_at BIGINT,
    last_status BIGINT,
    last_error TEXT,
    next_attempt_at BIGINT
);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (project_id, webhook_id, seq);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at, webhook_id, seq) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (created_at) WHERE next_attempt_at IS NULL;
