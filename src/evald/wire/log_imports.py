"""Imports of logs: what became of the lines that were sent. All of it is ours."""

from typing import Literal

from pydantic import Field

from evald.wire.base import WireModel


class LogProblem(WireModel):
    """A log that did not come in: the 1-based line it stands in, its id if it has one, and why.

    `code` is `bad` for what cannot be read, and `conflict` where another log has its id.
    """

    line: int
    id: str | None
    code: Literal["bad", "conflict"]
    message: str


class LogImport(WireModel):
    """What became of an import of logs.

    `lines` are those that hold anything, a document over several counting as one; a line may hold
    several logs. `others` are spans in exports that are no calls of chat models. Of the problems,
    a hundred are listed, by line, and `unlisted` says how many more there were.
    """

    object: Literal["evald.log_import"] = "evald.log_import"
    dry_run: bool
    lines: int = 0
    new: int = 0
    there: int = 0
    conflicts: int = 0
    bad: int = 0
    others: int = 0
    problems: list[LogProblem] = Field(default_factory=list)
    unlisted: int = 0
