"""What a rescue could not have, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evald.domain.archive.kinds import Kind, ListKey, list_path, shown_path
from evald.domain.archive.ledger import Ledger


class Reason(StrEnum):
    """Why something could not be had."""

    DELETED = "deleted"
    FORBIDDEN = "forbidden"
    REFUSED = "refused"  # for another reason that the server gave
    RATE_LIMITED = "rate_limited"
    SERVER_FAILED = "server_failed"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    NOT_UNDERSTOOD = "not_understood"  # it is in raw/, and in no JSONL
    CIRCULAR = "circular"  # the list's pages lead back to one that was read
    CURSOR_GONE = "cursor_gone"  # objects kept vanishing while the list was read
    SHORT = "short"  # less came than the server itself counts
    DAMAGED = "damaged"  # what was kept is no longer what it was


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is not in the archive and should be.

    `what` names it for people, `path` is its place below the base URL or in the archive.
    """

    what: str
    path: str
    reason: Reason
    status: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """How a call ended: what it could not have, which kinds the server does not offer, and when.

    `whole` is False where it was interrupted or stopped, so that more may be missing than is said.
    """

    missing: tuple[Missing, ...]
    not_offered: frozenset[Kind]
    whole: bool
    at: int


def missing_list(
    key: ListKey, reason: Reason, *, status: int | None = None, message: str = ""
) -> Missing:
    """The entry for a list that is not there, or not to its end."""
    return Missing(str(key), shown_path(list_path(key)), reason, status, message)


def short_lists(ledger: Ledger, counts: Mapping[ListKey, int]) -> list[Missing]:
    """The completed runs of which fewer output items came than they count as passed or failed.

    Errored rows are not counted: whether the hosted service lists an item for each is not known.

    Args:
        ledger: what is known of the runs.
        counts: how many output items there are by list.
    """
    return [
        missing_list(key, Reason.SHORT, message=f"{counts.get(key, 0)} of {run.graded} items came")
        for key, run in ledger.runs.items()
        if run.status == "completed"
        and run.graded is not None
        and counts.get(key, 0) < run.graded
        and ledger.state_of(key).ended
    ]


def short_contents(ledger: Ledger) -> list[Missing]:
    """The files whose content has another size than the server says."""
    return [
        Missing(
            f"content of file {file_id}",
            shown_path(("files", file_id, "content")),
            Reason.SHORT,
            message=f"{kept.stored.bytes} bytes came, and the file should have another size",
        )
        for file_id, kept in ledger.contents.items()
        if ledger.is_short(file_id)
    ]
