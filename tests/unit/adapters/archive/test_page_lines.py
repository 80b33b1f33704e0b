"""Kept pages read back as lines. Ours."""

import hashlib
import json
from pathlib import Path

import pytest

from evald.adapters.archive.page_lines import REMEMBERED_PAGES, PageLines
from evald.domain.archive.account import Reason
from evald.domain.archive.journal import Form, Page, PageKept, Stored
from evald.domain.archive.kinds import Kind, ListKey
from evald.domain.archive.ledger import ListState

EVALS = ListKey(Kind.EVALS)


class Pages:
    """Pages that are kept in a folder, by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = ListState()

    def add(
        self, *ids: str, after: str | None = None, form: Form = Form.PAGE, text: str = ""
    ) -> Path:
        number = len(self.state.pages) + 1
        objects = [{"id": each, "page": number} for each in ids]
        value: object = objects[0] if form is Form.OBJECT else {"data": objects}
        body = (text or json.dumps(value)).encode()
        path = self.folder / f"{number}.json"
        path.write_bytes(body)
        stored = Stored(path.name, len(body), hashlib.sha256(body).hexdigest())
        page = Page(EVALS, form, (), 1, after=after, next=ids[-1] if ids else None)
        self.state.pages.append(PageKept(number, page, stored))
        return path

    def read(self, lines: PageLines) -> list[tuple[str, int]]:
        """Each line's id, and the page that its text is of."""
        found = lines.of_list(self.state)
        return [(line.id, json.loads(line.text)["page"]) for line in found]


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


def test_a_list_that_was_read_once_comes_as_it_was(pages: Pages) -> None:
    pages.add("a", "b")
    pages.add("c", "a", after="b")

    assert pages.read(PageLines(pages.folder)) == [("a", 1), ("b", 1), ("c", 2)]


def test_an_object_that_was_read_again_stands_in_its_first_place_in_its_latest_text(
    pages: Pages,
) -> None:
    pages.add("a", "b", "c")
    pages.add("b", form=Form.OBJECT)
    pages.add("d", after="c")

    assert pages.read(PageLines(pages.folder)) == [("a", 1), ("b", 2), ("c", 1), ("d", 3)]


def test_what_was_read_from_the_other_end_comes_last_and_in_the_lists_order(pages: Pages) -> None:
    pages.add("a", "b")
    pages.add("f", "e", form=Form.BACKWARD)
    pages.add("d", "b", form=Form.BACKWARD)

    assert [own for own, _ in pages.read(PageLines(pages.folder))] == ["a", "b", "d", "e", "f"]


def test_a_list_read_over_and_over_needs_few_pages_in_memory(pages: Pages) -> None:
    names = [f"e{number}" for number in range(4 * REMEMBERED_PAGES)]
    for _ in range(2):
        for number, name in enumerate(names):
            pages.add(name, after=names[number - 1] if number else None)
    lines = PageLines(pages.folder)

    assert pages.read(lines) == [
        (name, len(names) + number + 1) for number, name in enumerate(names)
    ]


def test_what_cannot_be_read_is_named_once_and_the_rest_read(pages: Pages) -> None:
    pages.add("a")
    gone, changed = pages.add("b", after="a"), pages.add("c", after="b")
    pages.add("x", after="c", text="no page")
    pages.add("odd", text="<html>", form=Form.ODD)
    pages.add("d", after="x")
    gone.unlink()
    changed.write_bytes(b'{"data": [{"id": "z"}]}')
    lines = PageLines(pages.folder)

    assert pages.read(lines) == [("a", 1), ("d", 6)]
    assert {each.path: each.message for each in lines.damaged} == {
        "2.json": "it is gone",
        "3.json": "its SHA-256 is not what it was",
        "4.json": "no page of a list: '{' is missing at character 0",
    }
    assert {each.reason for each in lines.damaged} == {Reason.DAMAGED}


def test_what_has_no_line_is_counted_once(pages: Pages) -> None:
    pages.add(text='{"data": [{"id": "a", "page": 1}, {"no": "id"}, {"id": "b", "n": NaN}]}')
    pages.add(text='{"data": [{"id": "c", "page": 2}, 7]}')
    lines = PageLines(pages.folder)

    assert pages.read(lines) == [("a", 1), ("c", 2)]
    assert lines.not_understood == 3
