"""What a page's query asks for; what it cannot mean is named in a notice, and never fatal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.datastructures import QueryParams

from evald.domain.errors import UnknownCursor
from evald.wire.output_items import OutputItemStatus

T = TypeVar("T")

# The words of the API, and those the pages show.
_STATUSES: dict[str, OutputItemStatus] = {
    "pass": "pass",
    "passed": "pass",
    "fail": "fail",
    "failed": "fail",
    "error": "error",
    "errored": "error",
}
_LIST = frozenset({"project_id", "after"})
_RUN = _LIST | {"run_id", "status", "refresh"}


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for, and sentences on what was not understood.

    An eval's page shows a run where `run_id` is given, else the list of its runs.
    """

    run_id: str | None
    status: OutputItemStatus | None
    after: str | None
    is_still: bool
    notices: list[str]


def read_list_query(params: QueryParams) -> Query:
    """The query of a list."""
    notices = [_ignored(name) for name in params if name not in _LIST and params[name]]
    return Query(None, None, params.get("after") or None, is_still=False, notices=notices)


def read_eval_query(params: QueryParams) -> Query:
    """The query of an eval's page."""
    run_id = params.get("run_id")
    if not run_id:
        return read_list_query(params)
    notices = [_ignored(name) for name in params if name not in _RUN and params[name]]
    status = params.get("status", "")
    if status and status not in _STATUSES:
        notices.append(
            f"The status '{status}' is none of pass, fail and error; all items are shown."
        )
    return Query(
        run_id=run_id,
        status=_STATUSES.get(status),
        after=params.get("after") or None,
        is_still=params.get("refresh") == "off",
        notices=notices,
    )


async def from_cursor(read: Callable[[str | None], Awaitable[T]], query: Query) -> T:
    """What `read` makes of the query's cursor; of none, with a notice, where it names nothing."""
    try:
        return await read(query.after)
    except UnknownCursor:
        query.notices.append(f"'{query.after}' is not in this list, which begins at its start.")
        return await read(None)


def _ignored(name: str) -> str:
    return f"The parameter '{name}' means nothing here and was ignored."
