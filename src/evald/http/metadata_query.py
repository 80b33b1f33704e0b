"""Pairs of metadata in a query: `metadata[use]=chat`."""

import re

from starlette.datastructures import QueryParams

_PAIR = re.compile(r"metadata\[(.+)\]", re.DOTALL)


def metadata_pairs(params: QueryParams) -> list[tuple[str, str]]:
    """The pairs of metadata that are asked for, as `metadata[use]=chat` each."""
    found = ((_PAIR.fullmatch(name), value) for name, value in params.multi_items())
    return [(match[1], value) for match, value in found if match is not None]
