"""The lines of an archive's journal: what was kept, in the order in which it was."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from pydantic import JsonValue

from evald.domain.archive.facts import Facts
from evald.domain.archive.kinds import Kind, ListKey

FORMAT: Final = "evald-archive"
VERSION: Final = 1


class JournalMalformed(ValueError):
    """A line of the journal is none of its records."""


class Form(StrEnum):
    """What a kept body is."""

    PAGE = "page"  # a page of a list, oldest objects first
    BACKWARD = "backward"  # a page of a list that was read from its other end
    OBJECT = "object"  # one object, asked for by its id
    ODD = "odd"  # an answer that could not be understood


@dataclass(frozen=True, slots=True)
class Source:
    """Where the objects come from; never a key."""

    base_url: str
    organization: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The first line: whose archive this is. `at` is in seconds since 1970, as everywhere here."""

    source: Source
    at: int


@dataclass(frozen=True, slots=True)
class Page:
    """An answered request: what was asked, and what came, without the body.

    `after` is the cursor that it was asked with, `next` the one to go on with. `more` is False on
    the last page of a list.
    """

    key: ListKey
    form: Form
    objects: tuple[Facts, ...]
    at: int
    after: str | None = None
    limit: int | None = None
    next: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the archive: its path, its size and its SHA-256 in hexadecimal."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PageKept:
    """A page whose body lies in the archive, under a number that no other page has."""

    number: int
    page: Page
    stored: Stored


@dataclass(frozen=True, slots=True)
class ListEnded:
    """A list turned out to have no more objects than its pages so far."""

    key: ListKey
    at: int


@dataclass(frozen=True, slots=True)
class ContentKept:
    """A file's content lies in the archive."""

    file_id: str
    stored: Stored
    at: int


Record = Opened | PageKept | ListEnded | ContentKept


def record_json(record: Record) -> dict[str, JsonValue]:
    """The record as a line of the journal has it."""
    match record:
        case Opened(source, at):
            return {
                "format": FORMAT,
                "version": VERSION,
                "base_url": source.base_url,
                "organization": source.organization,
                "project": source.project,
                "at": at,
            }
        case PageKept(number, page, stored):
            return {"page": number, **_key_json(page.key), **_page_json(page), **_file_json(stored)}
        case ListEnded(key, at):
            return {"ended": True, **_key_json(key), "at": at}
        case ContentKept(file_id, stored, at):
            return {"content": file_id, "at": at, **_file_json(stored)}
        case _:
            assert_never(record)


def read_record(value: JsonValue) -> Record:
    """The record that a line of the journal holds.

    Raises:
        JournalMalformed: it holds none, or one of a newer version.
    """
    if not isinstance(value, dict):
        raise JournalMalformed("a line of the journal is no JSON object")
    try:
        return _record(value)
    except (KeyError, TypeError, ValueError) as error:
        raise JournalMalformed(f"a line of the journal cannot be read: {error!r}") from error


def _record(value: dict[str, JsonValue]) -> Record:
    if "format" in value:
        if value["format"] != FORMAT or value["version"] != VERSION:
            raise ValueError(f"it is of format {value['format']}, version {value['version']}")
        source = Source(
            _text(value["base_url"]), _maybe(value["organization"]), _maybe(value["project"])
        )
        return Opened(source, _integer(value["at"]))
    if "page" in value:
        return PageKept(_integer(value["page"]), _page(value), _file(value))
    if "ended" in value:
        return ListEnded(_key(value), _integer(value["at"]))
    return ContentKept(_text(value["content"]), _file(value), _integer(value["at"]))


def _key_json(key: ListKey) -> dict[str, JsonValue]:
    return {"kind": key.kind.value, "of": list(key.parents)}


def _key(value: dict[str, JsonValue]) -> ListKey:
    return ListKey(Kind(_text(value["kind"])), tuple(_text(each) for each in _list(value["of"])))


def _page_json(page: Page) -> dict[str, JsonValue]:
    return {
        "form": page.form.value,
        "at": page.at,
        "after": page.after,
        "limit": page.limit,
        "next": page.next,
        "more": page.more,
        "objects": [_facts_json(facts) for facts in page.objects],
    }


def _page(value: dict[str, JsonValue]) -> Page:
    return Page(
        _key(value),
        Form(_text(value["form"])),
        tuple(_facts(each) for each in _list(value["objects"])),
        _integer(value["at"]),
        after=_maybe(value["after"]),
        limit=None if value["limit"] is None else _integer(value["limit"]),
        next=_maybe(value["next"]),
        more=value["more"] is True,
    )


def _facts_json(facts: Facts) -> dict[str, JsonValue]:
    """Only what is known: most objects have an id and an age."""
    said: dict[str, JsonValue] = {
        "created": facts.created,
        "status": facts.status,
        "size": facts.size,
        "graded": facts.graded,
        "files": list(facts.files) or None,
        "whole": None if facts.whole else False,
    }
    return {"id": facts.id} | {name: known for name, known in said.items() if known is not None}


def _facts(value: JsonValue) -> Facts:
    if not isinstance(value, dict):
        raise TypeError("the facts of an object are no object")
    counts = {
        name: None if value.get(name) is None else _integer(value[name])
        for name in ("created", "size", "graded")
    }
    return Facts(
        _maybe(value["id"]),
        value.get("whole") is not False,
        counts["created"],
        _maybe(value.get("status")),
        counts["size"],
        counts["graded"],
        tuple(_text(each) for each in _list(value.get("files", []))),
    )


def _file_json(stored: Stored) -> dict[str, JsonValue]:
    return {"path": stored.path, "bytes": stored.bytes, "sha256": stored.sha256}


def _file(value: dict[str, JsonValue]) -> Stored:
    return Stored(_text(value["path"]), _integer(value["bytes"]), _text(value["sha256"]))


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _maybe(value: JsonValue) -> str | None:
    return None if value is None else _text(value)


def _integer(value: JsonValue) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no integer")
    return value


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value
