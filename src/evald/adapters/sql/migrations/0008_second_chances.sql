-- Second chances: how often a run that had ended was taken up again.
--
-- What was begun under a former chance must neither end the run nor leave errored items in it.

ALTER TABLE runs ADD COLUMN chance BIGINT NOT NULL DEFAULT 0;
