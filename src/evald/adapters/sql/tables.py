"""The tables as statements name them; the migrations make them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)


class PlainText(TypeDecorator[str]):
    """Text that is ours when it is kept, and may be anybody's when it is looked for.

    What no database takes as text (NUL, half a surrogate pair) is looked for as its escape, and so
    not found, instead of raising.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as the database takes it."""
        return None if value is None else plain_text(value)


def plain_text(value: str) -> str:
    """The text as every database takes it."""
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


METADATA = MetaData()

SCHEMA_VERSION = Table("schema_version", METADATA, Column("version", BigInteger, primary_key=True))

EVALS = Table(
    "evals",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("updated_at", BigInteger),
    Column("document", Text),
    Column("imported", Text),
    Column("created_at", BigInteger),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("eval_id", PlainText),
    Column("status", Text),
    Column("created_at", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("blob_id", Text),
    Column("is_inline", Boolean),
    Column("is_logged", Boolean),
    Column("is_told", Boolean),
    Column("planner_id", PlainText),
    Column("chance", BigInteger),
    Column("verdicts_chance", BigInteger),
    Column("checked_bytes", BigInteger),
    Column("planned_rows", BigInteger),
    Column("tally", Text),
    Column("error", Text),
    Column("document", Text),
    Column("imported", Text),
)

OUTPUT_ITEMS = Table(
    "output_items",
    METADATA,
    Column("run_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("row", BigInteger, primary_key=True, autoincrement=False, quote=True),
    Column("id", LargeBinary),
    Column("created_at", BigInteger),
    Column("status", Text),
    Column("content_hash", LargeBinary),
    Column("item", Text),
    Column("results", Text),
    Column("sample", Text),
    Column("extras", Text),
)

ITEM_VERDICTS = Table(
    "item_verdicts",
    METADATA,
    Column("run_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("criterion", BigInteger, primary_key=True, autoincrement=False),
    Column("row", BigInteger, primary_key=True, autoincrement=False, quote=True),
    Column("outcome", Text),
    Column("status", Text),
    Column("score", Double),
)

RUN_SHARDS = Table(
    "run_shards",
    METADATA,
    Column("run_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first_row", BigInteger),
    Column("row_count", BigInteger),
    Column("byte_offset", BigInteger),
    Column("byte_size", BigInteger),
    Column("attempts", BigInteger),
    Column("started_before", BigInteger),
    Column("is_done", Boolean),
    Column("worker_id", PlainText),
)

ROW_DEATHS = Table(
    "row_deaths",
    METADATA,
    Column("run_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("row", BigInteger, primary_key=True, autoincrement=False, quote=True),
    Column("deaths", BigInteger),
)

DELETED_RUNS = Table(
    "deleted_runs",
    METADATA,
    Column("run_seq", BigInteger, primary_key=True, autoincrement=False),
)

FILES = Table(
    "files",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("purpose", PlainText),
    Column("expires_at", BigInteger),
    Column("blob_id", Text),
    Column("document", Text),
    Column("imported", Text),
    Column("created_at", BigInteger),
)

LOGS = Table(
    "logs",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("kind", Text),
    Column("created", BigInteger),
    Column("size", BigInteger),
    Column("model", PlainText),
    Column("provider", PlainText),
    Column("request_id", PlainText),
    Column("metadata", Text),
    Column("request", Text),
    Column("body", Text),
)

LOG_TERMS = Table(
    "log_terms",
    METADATA,
    Column("project_id", PlainText, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("field", PlainText, primary_key=True),
    Column("value", PlainText, primary_key=True),
    Column("created", BigInteger, primary_key=True, autoincrement=False),
    Column("log_seq", BigInteger, primary_key=True, autoincrement=False),
)

LOG_MESSAGES = Table(
    "log_messages",
    METADATA,
    Column("log_id", PlainText, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text),
)

LOG_BLOCKS = Table(
    "log_blocks",
    METADATA,
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger),
    Column("first_created", BigInteger),
    Column("last_created", BigInteger),
)

LOG_BITS = Table(
    "log_bits",
    METADATA,
    Column("term", BigInteger, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("bits", LargeBinary),
)

LOG_AMENDMENTS = Table(
    "log_amendments",
    METADATA,
    Column("number", BigInteger, primary_key=True),
    Column("log_seq", BigInteger),
)

LOG_SIZES = Table(
    "log_sizes",
    METADATA,
    Column("project_id", PlainText, primary_key=True),
    Column("logs", BigInteger),
    Column("bytes", BigInteger),
)

USAGE_LEDGER = Table(
    "usage_ledger",
    METADATA,
    Column("project_id", PlainText, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("model", PlainText, primary_key=True),
    Column("key_id", PlainText, primary_key=True),
    Column("route", PlainText, primary_key=True),
    Column("calls", BigInteger),
    Column("untold", BigInteger),
    Column("input_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("output_tokens", BigInteger),
)

ARCHIVE_IMPORTS = Table(
    "archive_imports",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("created_at", BigInteger),
    Column("is_dry", Boolean),
    Column("status", Text),
    Column("blob_id", Text),
    Column("attempts", BigInteger),
    Column("report", Text),
    Column("claimed_by", PlainText),
    Column("claimed_until", BigInteger),
)

WORKERS = Table(
    "workers",
    METADATA,
    Column("id", PlainText, primary_key=True),
    Column("host", PlainText),
    Column("process_id", BigInteger),
    Column("started_at", BigInteger),
    Column("beat_at", BigInteger),
)

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("created_at", BigInteger),
    Column("url", PlainText),
    Column("events", Text),
    Column("sealed_secret", Text),
)

WEBHOOK_DELIVERIES = Table(
    "webhook_deliveries",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("webhook_id", PlainText),
    Column("event_id", PlainText),
    Column("type", Text),
    Column("run_id", PlainText),
    Column("eval_id", PlainText),
    Column("created_at", BigInteger),
    Column("status", Text),
    Column("attempts", BigInteger),
    Column("last_attempt_at", BigInteger),
    Column("last_status", BigInteger),
    Column("last_error", PlainText),
    Column("next_attempt_at", BigInteger),
)

BLOBS = Table(
    "blobs",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("size", BigInteger),
    Column("begun_at", BigInteger),
    Column("gone_at", BigInteger),
)

BLOB_PIECES = Table(
    "blob_pieces",
    METADATA,
    Column("blob_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("piece", LargeBinary),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", PlainText),
    Column("project_id", PlainText),
    Column("secret_hash", PlainText),
    Column("created_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("document", Text),
)

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("project_id", PlainText, primary_key=True),
    Column("key_hash", Text, primary_key=True),
    Column("request_hash", Text),
    Column("object_id", Text),
    Column("created_at", BigInteger),
)
