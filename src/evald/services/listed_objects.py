"""Pages of lists that are held whole: what one object is made of."""

from pydantic import JsonValue

from evald.domain.errors import UnknownCursor
from evald.ports.kept import Page
from evald.wire.pages import ListQuery


def page_of(objects: list[dict[str, JsonValue]], query: ListQuery) -> Page[dict[str, JsonValue]]:
    """The page of these objects, given oldest first, that the query asks for.

    Raises:
        UnknownCursor: `after` is the id of none of them.
    """
    ordered = objects if query.order == "asc" else objects[::-1]
    begin = 0
    if query.after is not None:
        ids = [each.get("id") for each in ordered]
        if query.after not in ids:
            raise UnknownCursor(query.after)
        begin = ids.index(query.after) + 1
    end = begin + query.limit
    return Page(ordered[begin:end], end < len(ordered))
