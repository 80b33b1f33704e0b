-- Blocks of logs: which logs of a stretch of numbers have a term, a bit each, so that terms which many
-- logs have are searched together without walking over all of them.
--
-- Housekeeping makes blocks of logs that are there, in the order of their numbers; a log beyond the
-- last block is searched by its terms alone. `term` is a hash: what is deleted leaves no text here.

CREATE TABLE log_blocks (
    first_seq BIGINT NOT NULL PRIMARY KEY,
    last_seq BIGINT NOT NULL,
    first_created BIGINT NOT NULL,
    last_created BIGINT NOT NULL
);

CREATE TABLE log_bits (
    term BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    bits $bytes NOT NULL,
    PRIMARY KEY (term, first_seq)
) $key_is_all;
CREATE INDEX log_bits_by_block ON log_bits (first_seq);

-- Logs whose metadata were changed: they may have terms that their block does not say. Noted by the
-- database, since a version before this one changes metadata too.
CREATE TABLE log_amendments (
    number $sequence,
    log_seq BIGINT NOT NULL
);
$note_amended_logs;
