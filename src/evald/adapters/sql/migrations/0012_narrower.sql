-- Runs are matched without the ids of their items, which took a quarter of this index.

DROP INDEX output_items_to_match;
CREATE INDEX output_items_to_match ON output_items (run_seq, "row", content_hash, status);
