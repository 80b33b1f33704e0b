"""What has to be known of an object in order to go on: its id, its age, what hangs on it."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.archive.kinds import Kind

MAX_ID = 1_024
"""Ids go into URLs; hosted ones have some forty characters."""

FINAL = frozenset({"completed", "failed", "canceled"})
"""The states that a run stays in."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one object.

    `id` is None where none can be read; then the object is found in its page only. `whole` is
    False where the object's text is not quite JSON. `size` is how many output items a run counts,
    or how many bytes a file has; `graded` how many items a run counts as passed or failed; `files`
    what a run reads its rows from.
    """

    id: str | None
    whole: bool = True
    created: int | None = None
    status: str | None = None
    size: int | None = None
    graded: int | None = None
    files: tuple[str, ...] = ()

    @property
    def is_under_way(self) -> bool:
        """Whether it is a run whose items may yet change."""
        return self.status is not None and self.status not in FINAL


def facts_of(kind: Kind, value: JsonValue, *, whole: bool = True) -> Facts:
    """The facts of an object, whatever its shape."""
    if not isinstance(value, dict):
        return Facts(None, whole=whole)
    created = _integer(value.get("created_at"))
    created = _integer(value.get("created")) if created is None else created
    found = usable_id(value.get("id"))
    match kind:
        case Kind.RUNS:
            counts = _inside(value, "result_counts")
            graded = [_integer(counts.get(name)) for name in ("passed", "failed")]
            status = value.get("status")
            return Facts(
                found,
                whole,
                created,
                status if isinstance(status, str) else None,
                size=_integer(counts.get("total")),
                graded=sum(count for count in graded if count is not None),
                files=_files_of(value),
            )
        case Kind.FILES:
            return Facts(found, whole, created, size=_integer(value.get("bytes")))
        case _:
            return Facts(found, whole, created)


def usable_id(value: JsonValue) -> str | None:
    """The value if it can stand in a path as an id, and otherwise None.

    A server's ids are its own affair, but "", "." and ".." name other places than an object, and
    half a character (a lone surrogate) cannot be sent.
    """
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID or value in (".", ".."):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value


def _files_of(run: dict[str, JsonValue]) -> tuple[str, ...]:
    source = _inside(_inside(run, "data_source"), "source")
    found = usable_id(source.get("id"))
    return (found,) if source.get("type") == "file_id" and found is not None else ()


def _inside(value: dict[str, JsonValue], name: str) -> dict[str, JsonValue]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _integer(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 2**53 else None
