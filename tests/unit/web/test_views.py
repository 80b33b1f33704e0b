"""A page's value as JSON, and its table as CSV."""

import csv
import io
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain import exact_json
from evald.web.views import Table, csv_text, json_text


@dataclass(frozen=True, slots=True)
class Inner:
    name: str


@dataclass(frozen=True, slots=True)
class Outer:
    rows: list[Inner]
    rate: float | None
    by: dict[str, Inner]


def cell(value: JsonValue) -> str:
    """What a reader of CSV finds in a cell of this value."""
    return next(csv.reader(io.StringIO(csv_text(Table(["a"], [[value]])).split("\r\n", 1)[1])))[0]


def test_json_has_what_the_page_has() -> None:
    value = Outer([Inner("a"), Inner("b")], None, {"x": Inner("c")})

    assert json_text(value) == (
        '{"rows":[{"name":"a"},{"name":"b"}],"rate":null,"by":{"x":{"name":"c"}}}'
    )


def test_json_keeps_numbers_as_they_were_given() -> None:
    assert json_text({"n": exact_json.parse("[0.10, 12345678901234567890123]")}) == (
        '{"n":[0.10,12345678901234567890123]}'
    )


def test_a_page_without_a_json_form_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="a page holds a object"):
        json_text(object())


def test_a_table_is_lines_that_end_as_the_standard_has_it() -> None:
    table = Table(["id", "said"], [["a", 'two\nlines, "quoted"'], ["b", None]])

    assert csv_text(table) == 'id,said\r\na,"two\nlines, ""quoted"""\r\nb,\r\n'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_what_a_spreadsheet_would_run_is_text(start: str) -> None:
    assert cell(f"{start}cmd|'/C calc'!A0").startswith("'")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-0.5, "-0.5"),
        (7, "7"),
        (True, "true"),
        ([1, "a"], '[1,"a"]'),
        ("a=b", "a=b"),
        (" =1", " =1"),
    ],
)
def test_numbers_stay_numbers_and_the_rest_is_json(value: JsonValue, shown: str) -> None:
    assert cell(value) == shown


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")))
def test_no_text_is_lost_but_for_an_apostrophe_before_it(text: str) -> None:
    assert (
        cell(text).removeprefix("'" if text[:1] in {"=", "+", "-", "@", "\t", "\n"} else "") == text
    )
