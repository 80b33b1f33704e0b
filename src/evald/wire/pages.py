"""Pages of a list: how they are asked for and how they are answered."""

from typing import Literal

from evald.wire.base import WireModel

Order = Literal["asc", "desc"]
DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_FILES_LIMIT = 10_000


class ListQuery(WireModel):
    """The query of a list: rows beyond `after`, at most `limit` of them, oldest first or last."""

    after: str | None = None
    limit: int = DEFAULT_LIMIT
    order: Order = "asc"


class ListEvalsQuery(ListQuery):
    """The query of GET /evals."""

    order_by: Literal["created_at", "updated_at"] = "created_at"


class ListRunsQuery(ListQuery):
    """The query of GET /evals/{eval_id}/runs."""

    status: Literal["queued", "in_progress", "completed", "canceled", "failed"] | None = None


class ListOutputItemsQuery(ListQuery):
    """The query of GET …/output_items.

    `error` is ours; the prose of OpenAI's document says "failed" where its enum says `fail`, so
    both are read.
    """

    status: Literal["pass", "fail", "error"] | None = None


class ListFilesQuery(ListQuery):
    """The query of GET /files."""

    limit: int = MAX_FILES_LIMIT
    order: Order = "desc"
    purpose: str | None = None
