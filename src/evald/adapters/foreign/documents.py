"""Finding the API's objects in JSON of any make-up, holding no more of it than one object."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.adapters.foreign.client_dumps import Body
from evald.adapters.foreign.json_text import JsonText, TextMalformed
from evald.adapters.foreign.things import (
    KINDS,
    LIST,
    Around,
    children,
    kind_of,
    made_at,
    mended,
    parents_of,
)
from evald.domain.archive.kinds import Kind
from evald.domain.exact_json import dump, parse

SMALL = 256 * 1024
"""What has no more characters is looked at as a whole; of longer things their beginning tells."""

MAX_DEPTH = 64
"""Objects of the API stand at most this deep in lists and objects of another make."""

_ROWS = "rows"
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BEGINNING = re.compile(r"\{[^{}\[\]]*")
_SAYS_WHAT_IT_IS = re.compile(r'"(?P<key>id|object)"\s*:\s*"(?P<value>[^"]*)"')
_MARKS = ('"object"', '"role"')
"""Where neither stands, there is no object of the API."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file, in words: its line, and the way from there; and what is around it."""

    line: str
    around: Around
    path: str = ""
    depth: int = 0

    def __str__(self) -> str:
        """As a sentence names it: "a.json, line 1, at .runs[2].run"."""
        return f"{self.line}, at {self.path}" if self.path else self.line

    def inside(self, step: str) -> "Spot":
        """The place one step further in.

        Raises:
            TextMalformed: it is too deep.
        """
        if self.depth >= MAX_DEPTH:
            raise TextMalformed("is nested too deep")
        return Spot(self.line, self.around, self.path + step, self.depth + 1)


@dataclass(frozen=True, slots=True)
class Found:
    """An object of the API: where it stands, its id, its JSON text, and when it was made.

    `parents` is as in `ListKey`, with "" for what is not known.
    """

    kind: Kind
    spot: Spot
    id: str | None
    parents: tuple[str, ...]
    made_at: int
    text: str


@dataclass(frozen=True, slots=True)
class PageEnd:
    """The end of a page of a list; `last` is the last object in it."""

    last: Found
    has_more: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """An object that says what it is, which is nothing that is brought here."""

    object: str


@dataclass(frozen=True, slots=True)
class RowsPassed:
    """Rows, as some tools gather them from output items and files, which have them too."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What cannot be read, where it stands, and why, after "it …"."""

    place: str
    reason: str


Sight = Found | PageEnd | Unknown | RowsPassed | Flaw


@dataclass(slots=True)
class _Wrapper:
    """An object of another make while it is read: what it says, and what was found in it."""

    spot: Spot
    object: JsonValue = None
    has_more: JsonValue = None
    last: Found | None = None
    is_empty: bool = True

    def say(self, key: str, value: JsonValue) -> None:
        """It has this plain value."""
        match key:
            case "object":
                self.object = value
            case "has_more":
                self.has_more = value
            case _:
                self.spot = replace(self.spot, around=self.spot.around.said(key, value))

    def take(self, sight: Sight) -> None:
        """This is in it."""
        if not isinstance(sight, Found):
            return
        self.is_empty = False
        depth = sight.spot.depth - self.spot.depth
        if depth == 1:  # {"eval": {…}, "runs": […]}: what follows belongs to it
            around = self.spot.around.within(sight.kind, sight.id, sight.parents)
            self.spot = replace(self.spot, around=around)
        elif depth == 2:  # {"data": [{…}, {…}], "has_more": …}
            self.last = sight

    def end(self) -> Iterator[Sight]:
        """What is to be told of it when it was read."""
        if kind_of({"object": self.object}) is not None:
            reason = f"has more than {SMALL} characters, and no id before the first list in it"
            yield Flaw(str(self.spot), reason)
        elif self.is_empty and isinstance(self.object, str) and self.object != LIST:
            yield Unknown(self.object)
        if self.last is not None and isinstance(self.has_more, bool):
            yield PageEnd(self.last, self.has_more)


class Documents:
    """The objects in one file: a JSON document, or several, a line each or not."""

    def __init__(self, name: str, pieces: Iterator[bytes], *, most: int) -> None:
        """Reads the file of this name.

        Args:
            name: its path, by which its places are called, and in which ids may stand.
            pieces: its bytes.
            most: how many characters an object may have.
        """
        self._name = name
        self._text = JsonText(pieces)
        self._most = most
        self._has_lines = name.lower().endswith((".jsonl", ".ndjson"))

    def is_json(self) -> bool:
        """Whether the file begins as a JSON object or list does."""
        try:
            return self._text.peek() in ("{", "[")
        except TextMalformed:
            return False

    def sights(self) -> Iterator[Sight]:
        """What there is, in its order. A line that is not JSON is passed over, as a flaw."""
        around = Around().named(self._name)
        line = self._name
        goes_on = True
        while goes_on:
            try:
                if not self._text.peek():
                    return
                line = f"{self._name}, line {self._text.line}"
                yield from self._value(Spot(line, around))
            except TextMalformed as problem:
                yield Flaw(line, str(problem))
                goes_on = self._has_lines and self._text.next_line()

    def _value(self, spot: Spot) -> Iterator[Sight]:
        match self._text.peek():
            case "[":
                yield from self._elements(spot)
            case "{":
                yield from self._object(spot)
            case _:
                self._text.plain(self._most)

    def _elements(self, spot: Spot) -> Iterator[Sight]:
        self._text.pass_over("[")
        number = 0
        while self._text.peek() != "]":
            if number:
                self._text.pass_over(",")
            yield from self._value(spot.inside(f"[{number}]"))
            number += 1
        self._text.pass_over("]")

    def _object(self, spot: Spot) -> Iterator[Sight]:
        text = self._text
        whole = text.whole(SMALL)
        is_long = whole is None
        if whole is None and _says_what_it_is(text):
            whole = text.whole(self._most)
            if whole is None:
                yield Flaw(str(spot), "is longer than an object may be")
                _exhaust(self._members(spot))
                return
        kind = None if whole is None else kind_of(whole.value)
        if whole is not None and kind is not None and isinstance(whole.value, dict):
            own, text.at = text.text[text.at : whole.end], whole.end
            yield from _found(kind, whole.value, own, spot)
        elif whole is not None and not is_long and not _has_marks(text, whole.end):
            text.at = whole.end
        else:
            yield from self._members(spot)

    def _members(self, spot: Spot) -> Iterator[Sight]:
        wrapper = _Wrapper(spot)
        for key in self._keys():
            if self._text.peek() in ("{", "["):
                yield from self._nested(key, wrapper)
            else:
                wrapper.say(key, self._text.plain(self._most))
        yield from wrapper.end()

    def _keys(self) -> Iterator[str]:
        """The keys of an object; the value of each is read before the next is asked for."""
        self._text.pass_over("{")
        is_first = True
        while self._text.peek() != "}":
            if not is_first:
                self._text.pass_over(",")
            is_first = False
            key = self._text.plain(self._most)
            self._text.pass_over(":")
            yield str(key)
        self._text.pass_over("}")

    def _nested(self, key: str, wrapper: _Wrapper) -> Iterator[Sight]:
        spot = wrapper.spot.inside(f".{key}" if _PLAIN.fullmatch(key) else ".…")
        sights = self._value(replace(spot, around=spot.around.named(key)))
        if key == _ROWS:
            _exhaust(sights)
            yield RowsPassed()
            return
        for sight in sights:
            wrapper.take(sight)
            yield sight


def _says_what_it_is(text: JsonText) -> bool:
    """Whether it may be the API's, by its `object`, or else its `id`, before what is nested."""
    beginning = _BEGINNING.match(text.text, text.at, text.at + SMALL)
    if beginning is None:
        return False
    said = {each["key"]: each["value"] for each in _SAYS_WHAT_IT_IS.finditer(beginning[0])}
    return said["object"] in KINDS if "object" in said else "id" in said


def _has_marks(text: JsonText, end: int) -> bool:
    return any(text.text.find(mark, text.at, end) >= 0 for mark in _MARKS)


def _found(kind: Kind, body: Body, text: str, spot: Spot) -> Iterator[Sight]:
    """The object, and behind it what hangs on it and stands in it."""
    own = mended(kind, body, spot.around)
    if own is not body:
        try:
            exact = parse(text)
        except ValueError:
            exact = None  # left as it is: whoever reads it next says what is wrong with it
        if isinstance(exact, dict):
            body, own = exact, mended(kind, exact, spot.around)
            text = dump(own)
    own_id, parents = own.get("id"), parents_of(kind, own)
    own_id = own_id if isinstance(own_id, str) else None
    yield Found(kind, spot, own_id, parents, made_at(own), text)
    around = spot.around.within(kind, own_id, parents)
    for child in children(kind, body):
        inside = replace(spot.inside(child.place), around=around)
        child_kind = kind_of(child.value)
        if child_kind is None or not isinstance(child.value, dict):
            yield Flaw(str(inside), "is none of the API's objects")
        else:
            yield from _found(child_kind, child.value, dump(child.value), inside)


def _exhaust(sights: Iterator[Sight]) -> None:
    for _ in sights:
        pass
