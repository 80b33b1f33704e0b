"""Whether two accounts of one log agree."""

from pydantic import JsonValue

from evald.domain.logs.read_log import Body

_NOT_COMPARED = ("metadata", "request_id", "store")
"""What may change after the answer, or is told by some accounts only."""


def agree(one: Body, other: Body) -> bool:
    """Whether nothing that both bodies tell differs between them.

    Clients dump a null, or an empty list, for what was not there; lists of stored completions tell
    more of one than its answer did. So only what both have counts, and neither nulls nor what is
    empty do.
    """
    ours, theirs = _told(one), _told(other)
    both = ours.keys() & theirs.keys() - set(_NOT_COMPARED)
    return all(ours[key] == theirs[key] for key in both)


def _told(body: Body) -> Body:
    bare = _bare(body)
    return bare if isinstance(bare, dict) else {}


def _bare(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        inner = {key: _bare(each) for key, each in value.items()}
        return {
            key: each for key, each in inner.items() if each is not None and each not in ([], {})
        }
    return [_bare(each) for each in value] if isinstance(value, list) else value
