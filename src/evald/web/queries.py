"""What a page's query asks for; what it cannot mean is named in a notice, and never fatal."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from starlette.datastructures import QueryParams

from evald.domain.errors import UnknownCursor

T = TypeVar("T")

_ALWAYS = frozenset({"project_id"})
"""What the hosted service's addresses have, whatever they are of."""


def ignored(params: QueryParams, *, known: Collection[str]) -> list[str]:
    """A sentence for each parameter that means nothing to a page which knows these."""
    return [
        f"The parameter '{name}' means nothing here and was ignored."
        for name in params
        if name not in known and name not in _ALWAYS and params[name]
    ]


async def from_cursor(
    read: Callable[[str | None], Awaitable[T]], after: str | None, notices: list[str]
) -> T:
    """What `read` makes of the cursor; of none, with one more notice, where it names nothing."""
    try:
        return await read(after)
    except UnknownCursor:
        notices.append(f"'{after}' is not in this list, which begins at its start.")
        return await read(None)
