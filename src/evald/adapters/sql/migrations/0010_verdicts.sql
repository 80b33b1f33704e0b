-- Verdicts: what each criterion said of each item, narrow enough to be filtered and summed up.
--
-- `criterion` is the position of the criterion in its eval, `status` that of the item. Both indexes
-- end in what else may be asked for, so that a filter is answered by one of them alone.

CREATE TABLE item_verdicts (
    run_seq BIGINT NOT NULL,
    criterion BIGINT NOT NULL,
    "row" BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    status TEXT NOT NULL,
    score DOUBLE PRECISION,
    PRIMARY KEY (run_seq, criterion, "row")
) $key_is_all;
CREATE INDEX item_verdicts_by_outcome ON item_verdicts (run_seq, criterion, outcome, "row", status);
CREATE INDEX item_verdicts_by_score ON item_verdicts (run_seq, criterion, score, "row", outcome, status);

-- From this alone runs are matched with one another. It begins with the row and not with the hash,
-- since a hash is anywhere in an index: that cost 30 microseconds a row, and this costs next to none.
CREATE INDEX output_items_to_match ON output_items (run_seq, "row", content_hash, status, id);

-- The chance as which the run ended with all its verdicts, as far as anybody has looked. A version
-- before this one writes items without verdicts, and takes up runs without taking verdicts back.
ALTER TABLE runs ADD COLUMN verdicts_chance BIGINT;
CREATE INDEX runs_without_verdicts ON runs (seq) WHERE verdicts_chance IS NULL OR verdicts_chance <> chance;
