"""The text of a list's page: taken apart into its objects, each with just the text it has there."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import JsonValue

from evald.domain.exact_json import CHECKING_DECODER

T = TypeVar("T")

_SPACE = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)

# NaN, and line breaks within strings: no JSON, and no reason to lose what stands around them.
_LENIENT = json.JSONDecoder(parse_int=CHECKING_DECODER.parse_int, strict=False)


class NotAList(ValueError):
    """The text is no page of a list."""


class NotAnObject(ValueError):
    """The text is no JSON object."""


@dataclass(frozen=True, slots=True)
class PageObject:
    """One element of a page: its text, and its value as far as it can be read.

    `whole` is False where the text is not quite JSON (NaN, a bare control character) or nested too
    deep to be read; the value is then not to be relied upon beyond its id.
    """

    text: str
    value: JsonValue
    whole: bool = True

    @property
    def line(self) -> bytes:
        """The object's own bytes, in one line: a line break between tokens became a space."""
        return _encoded(self.text.replace("\n", " ").replace("\r", " "))


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """A page: what was taken of its objects, in its order, and what it says of the next page.

    `has_more` is None where the page does not say.
    """

    objects: list[T]
    has_more: bool | None
    last_id: JsonValue


def read_page(body: bytes, take: Callable[[PageObject], T]) -> ListPage[T]:
    """The page, of whose objects only that is kept which `take` makes of each.

    Of `"data": null`, an empty page. Bytes that are not UTF-8 stay what they are; a comma too many
    is overlooked.

    Raises:
        NotAList: it is no JSON object with a list as its `data`.
    """
    try:
        return _Reading(_decoded(body), take).page()
    except (ValueError, IndexError, RecursionError) as error:
        raise NotAList(f"no page of a list: {error}") from error


def read_object(body: bytes) -> PageObject:
    """The one object that a body is.

    Raises:
        NotAnObject: it is none.
    """
    text = _decoded(body).strip(" \t\n\r")
    try:
        found, end = _element(text, 0)
    except (ValueError, IndexError, RecursionError) as error:
        raise NotAnObject(f"no JSON object: {error}") from error
    if end != len(text) or not isinstance(found.value, dict):
        raise NotAnObject(f"no JSON object: it begins with {text[:40]!r}")
    return found


class _Reading(Generic[T]):
    """One pass through the text of a page."""

    def __init__(self, text: str, take: Callable[[PageObject], T]) -> None:
        self._text = text
        self._take = take
        self._at = 0
        self._objects: list[T] | None = None
        self._envelope: dict[str, JsonValue] = {}

    def page(self) -> ListPage[T]:
        self._expect("{")
        while self._peek() == '"':
            self._member()
            if self._peek() != ",":
                break
            self._expect(",")
        self._expect("}")
        if _SPACE.fullmatch(self._text, self._at) is None:
            raise ValueError(f"something follows it at character {self._at}")
        if self._objects is None:
            raise ValueError("it has no list 'data'")
        has_more = self._envelope.get("has_more")
        return ListPage(
            self._objects,
            has_more if isinstance(has_more, bool) else None,
            self._envelope.get("last_id"),
        )

    def _member(self) -> None:
        name, self._at = CHECKING_DECODER.raw_decode(self._text, self._at)
        self._expect(":")
        if name == "data" and self._peek() == "[":
            self._elements()
            return
        self._skip_space()
        found, self._at = _element(self._text, self._at)
        self._envelope[name] = found.value
        if name == "data" and found.value is None and found.whole:
            self._objects = []

    def _elements(self) -> None:
        self._expect("[")
        self._objects = []
        while self._peek() != "]":
            found, self._at = _element(self._text, self._at)
            self._objects.append(self._take(found))
            if self._peek() != ",":
                break
            self._expect(",")
            self._skip_space()
        self._expect("]")

    def _peek(self) -> str:
        self._skip_space()
        return self._text[self._at]

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise ValueError(f"'{sign}' is missing at character {self._at}")
        self._at += 1

    def _skip_space(self) -> None:
        self._at = _after_space(self._text, self._at)


def _element(text: str, start: int) -> tuple[PageObject, int]:
    """The value that begins here, and where it ends."""
    value: JsonValue
    try:
        value, end = CHECKING_DECODER.raw_decode(text, start)
        return PageObject(text[start:end], value), end
    except RecursionError:
        end = _end_of_nested(text, start)
        return PageObject(text[start:end], None, whole=False), end
    except ValueError:
        value, end = _LENIENT.raw_decode(text, start)
        return PageObject(text[start:end], value, whole=False), end


def _end_of_nested(text: str, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        if depth == 0:
            return token.end()
    raise ValueError("it ends in its midst")


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _decoded(body: bytes) -> str:
    # What is no UTF-8 becomes lone surrogates, from which `_encoded` makes the same bytes again.
    return body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
