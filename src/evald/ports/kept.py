"""What is kept, as values: the rows that the store's tables take and give."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import JsonValue

from evald.domain.item_verdicts import StoredVerdict
from evald.domain.logs.terms import LogKind, Term
from evald.domain.run_status import has_ended
from evald.domain.tally import Tally
from evald.wire.errors import ApiError
from evald.wire.files import File
from evald.wire.imports import ImportStatus
from evald.wire.output_items import OutputItemStatus
from evald.wire.runs import RunStatus

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a run's rows lie: a blob of JSONL, and what of it was checked before the answer.

    `inline` says that the blob was made of the request's own content, and is echoed. `logged` says
    that it was made for the run and is kept with it, and not echoed: of logs, or of another run's
    items, when the run starts, until when `blob_id` is empty, or of a CSV file.
    """

    blob_id: str
    inline: bool
    checked_bytes: int = 0
    logged: bool = False


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it is kept. `data_source` is the echo, with inline content left empty.

    `planned_rows` is None until the rows have been counted. `imported` is the body of a run that
    was carried out elsewhere, inline content left empty too: it is answered instead of the rest,
    and nothing is done about the run, whatever its status. `chance` counts how often the run was
    taken up again after it had ended; `started_at` is when its work began, or was last taken up.
    `traceparent` is the span within which it was made, empty where spans were not kept.
    `has_verdicts` says that all its items can be found by their verdicts.
    """

    id: str
    project_id: str
    eval_id: str
    created_at: int
    status: RunStatus
    name: str
    model: str
    metadata: dict[str, str]
    data_source: dict[str, JsonValue]
    rows: Rows
    planned_rows: int | None = None
    tally: Tally = field(default_factory=Tally)
    error: ApiError | None = None
    started_at: int | None = None
    ended_at: int | None = None
    imported: dict[str, JsonValue] | None = None
    chance: int = 0
    traceparent: str = ""
    has_verdicts: bool = True

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the run changes any more, unless it is given a second chance."""
        return self.imported is not None or has_ended(self.status)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and the blob that holds its bytes."""

    file: File
    blob_id: str


@dataclass(frozen=True, slots=True)
class StoredOutputItem:
    """An output item as it is kept: the parts of its JSON as text, ready to be put together.

    `row` is the 0-based position in the data source. `tally` is what the item adds to its run's,
    and `verdicts` what it is found by; neither is kept with the item, so both are empty when read.
    `extras` is for imported items the JSON text of an `Extras`: in what their bodies differ from
    one that is put together of the parts.
    """

    id: str
    row: int
    created_at: int
    status: OutputItemStatus
    content_hash: str
    item_json: str
    results_json: str
    sample_json: str
    tally: Tally = field(default_factory=Tally)
    extras: str | None = None
    verdicts: tuple[StoredVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An output item that was sought by its id alone; `run_id` is None where its run is gone."""

    run_id: str | None
    item: StoredOutputItem


@dataclass(frozen=True, slots=True)
class StoredLog:
    """What an application asked a model, and what it was answered: a stored completion or response.

    `request` and `body` are JSON texts: what was asked, without `store` and `metadata`, and the
    answer as its provider gave it. `request` is None where nobody knows it, as for completions that
    were imported. `terms` are what the log is found by beside its time; they are not read back.
    `provider` is who answered, by its name here; empty where that was elsewhere. `seq` is the
    store's own number, 0 before there is one. `created` is in Unix seconds.
    """

    id: str
    project_id: str
    kind: LogKind
    created: int
    model: str
    metadata: dict[str, str]
    body: str
    request: str | None = None
    request_id: str = ""
    provider: str = ""
    terms: tuple[Term, ...] = ()
    seq: int = 0


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """What one key spent on one model by one route on one day (Unix seconds // 86,400).

    `untold` counts the calls, among `calls`, whose answer did not say what they used.
    """

    project_id: str
    key_id: str
    model: str
    route: str
    day: int
    calls: int = 0
    untold: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class StoredImport:
    """An archive that the server was given to import.

    `attempts` says how often it was begun. `report` is what came of it; None until it has ended.
    """

    id: str
    project_id: str
    created_at: int
    is_dry: bool
    status: ImportStatus
    blob_id: str
    attempts: int = 0
    report: dict[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, in the order asked for, and whether more follow."""

    rows: list[T]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Shard:
    """A stretch of a run's rows: where it begins in the blob, and how far it was worked on.

    Rows `first_row` up to `first_row + row_count` (exclusive) lie at `offset`, in `size` bytes.
    `attempts` counts the times that work on it began, or its run was taken up again; rows before
    `started_before` may have been in flight when the last attempt ended.
    """

    number: int
    first_row: int
    row_count: int
    offset: int
    size: int
    attempts: int = 0
    started_before: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class ShardState:
    """What a new attempt at a shard must know.

    `recorded` are the rows that have an output item. `deaths` counts, per row without one, the
    processes that ended while the row may have been in flight; rows that never were are left out.
    """

    shard: Shard
    recorded: frozenset[int]
    deaths: dict[int, int]


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key without its secret: who it is for, and when it was revoked (None: it is good)."""

    id: str
    project_id: str
    name: str
    hint: str
    created_at: int
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What an Idempotency-Key made: the hash of the request and the id of the object."""

    request_hash: str
    object_id: str
