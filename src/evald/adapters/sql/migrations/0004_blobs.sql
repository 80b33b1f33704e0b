-- Bytes too many for a row, kept by the piece: for databases that several hosts share. Beside a
-- SQLite file they lie in a folder, and these tables stay empty.
--
-- `size` is NULL until the blob is whole, `gone_at` until it is deleted or replaced; what is gone
-- is cleared away an hour later, so that whoever reads it comes to its end.

CREATE TABLE blobs (
    seq $sequence,
    id TEXT NOT NULL,
    size BIGINT,
    begun_at BIGINT NOT NULL,
    gone_at BIGINT
);
CREATE INDEX blobs_by_id ON blobs (id, seq);
CREATE INDEX blobs_by_end ON blobs (gone_at);

CREATE TABLE blob_pieces (
    blob_seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    piece $bytes NOT NULL,
    PRIMARY KEY (blob_seq, number)
);
