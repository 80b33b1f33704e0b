-- Whose import of an archive it is, where several servers share a database, and until when (by the
-- database's clock): a server that dies over one leaves it to the next.

ALTER TABLE archive_imports ADD COLUMN claimed_by TEXT;
ALTER TABLE archive_imports ADD COLUMN claimed_until BIGINT NOT NULL DEFAULT 0;
