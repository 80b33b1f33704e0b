"""Imports: archives that the server was given, and what came of each. All of it is ours."""

from typing import Literal

from pydantic import Field

from evald.wire.base import UnixTime, WireModel
from evald.wire.errors import ApiError

ImportStatus = Literal["queued", "in_progress", "completed", "failed"]


class ImportCounts(WireModel):
    """How many objects of one kind came in new, were there already, or did not come in, and why.

    `updated` are runs that had not ended when they were imported first, and have since. `left_out`
    objects belong to one that is not here, or lack what would make them of use.
    """

    new: int = 0
    updated: int = 0
    there: int = 0
    conflicting: int = 0
    damaged: int = 0
    left_out: int = 0


class Import(WireModel):
    """An archive's way into the store.

    `counts` is by kind: evals, runs, output_items, files, chat_completions,
    chat_completion_messages; while the import is in progress, as far as it is. `problems` are
    sentences on what makes it incomplete, `notes` on what could not be expected to come, `unlisted`
    how many more of both there were.
    """

    object: Literal["evald.import"] = "evald.import"
    id: str
    created_at: UnixTime
    status: ImportStatus
    dry_run: bool
    counts: dict[str, ImportCounts]
    problems: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    unlisted: int = 0
    error: ApiError | None = None
