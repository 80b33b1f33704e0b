"""Reading kept pages back: each object of a list once, in its latest text."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evald.domain.archive.account import Missing, Reason
from evald.domain.archive.facts import usable_id
from evald.domain.archive.journal import Form, PageKept
from evald.domain.archive.ledger import ListState
from evald.domain.archive.list_page import (
    NotAList,
    NotAnObject,
    PageObject,
    read_object,
    read_page,
)

REMEMBERED_PAGES = 4
"""As many pages as are kept in memory while a list is read that says some things twice."""


@dataclass(frozen=True, slots=True)
class Line:
    """An object's own bytes in one line, and its id."""

    id: str
    text: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object stands: in which page, and as which line that can be read."""

    kept: PageKept
    index: int


class PageLines:
    """The pages of one archive, read as lines. Notes on its way what cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._remembered: dict[int, list[Line]] = {}
        self._counted: set[int] = set()
        self.not_understood = 0
        self.damaged: list[Missing] = []

    def of_list(self, state: ListState) -> Iterator[Line]:
        """The list's objects in the order of their first appearance, each in its latest text."""
        if state.is_a_chain:
            yield from _first_of_each(line for kept in state.pages for line in self._read(kept))
            return
        places: dict[str, _Place] = {}
        for kept in _forward_first(state.pages):
            for index, line in enumerate(self._page(kept)):
                known = places.get(line.id)
                if known is None or known.kept.number <= kept.number:
                    places[line.id] = _Place(kept, index)
        for place in places.values():
            yield self._page(place.kept)[place.index]
        self._remembered.clear()

    def _page(self, kept: PageKept) -> list[Line]:
        """The page's lines, which the next calls for it need not read again."""
        lines = self._remembered.pop(kept.number, None)
        if lines is None:
            lines = self._read(kept)
            if len(self._remembered) >= REMEMBERED_PAGES:
                del self._remembered[next(iter(self._remembered))]
        self._remembered[kept.number] = lines
        return lines

    def _read(self, kept: PageKept) -> list[Line]:
        body = self._body(kept)
        if body is None:
            return []
        try:
            found = _lines(kept.page.form, body)
        except (NotAList, NotAnObject) as problem:
            self._damage(kept, str(problem))
            return []
        lines = [line for line in found if line is not None]
        if kept.number not in self._counted:
            self._counted.add(kept.number)
            self.not_understood += len(found) - len(lines)
        return lines

    def _body(self, kept: PageKept) -> bytes | None:
        if kept.page.form is Form.ODD:
            return None
        try:
            body = (self._folder / kept.stored.path).read_bytes()
        except FileNotFoundError:
            self._damage(kept, "it is gone")
            return None
        if hashlib.sha256(body).hexdigest() != kept.stored.sha256:
            self._damage(kept, "its SHA-256 is not what it was")
            return None
        return body

    def _damage(self, kept: PageKept, message: str) -> None:
        path = kept.stored.path
        if all(each.path != path for each in self.damaged):
            what = f"a page of {kept.page.key}"
            self.damaged.append(Missing(what, path, Reason.DAMAGED, message=message))


def _lines(form: Form, body: bytes) -> list[Line | None]:
    """A line for each object; None for one that is not understood."""
    if form is Form.OBJECT:
        return [_line(read_object(body))]
    lines = read_page(body, _line).objects
    # A list that was read from its other end is told from this one.
    return lines[::-1] if form is Form.BACKWARD else lines


def _line(found: PageObject) -> Line | None:
    if not found.whole or not isinstance(found.value, dict):
        return None
    own = usable_id(found.value.get("id"))
    return None if own is None else Line(own, found.line)


def _first_of_each(lines: Iterator[Line]) -> Iterator[Line]:
    seen: set[str] = set()
    for line in lines:
        if line.id not in seen:
            seen.add(line.id)
            yield line


def _forward_first(pages: list[PageKept]) -> list[PageKept]:
    backward = [kept for kept in pages if kept.page.form is Form.BACKWARD]
    return [kept for kept in pages if kept.page.form is not Form.BACKWARD] + backward[::-1]
