"""JSONL: lines with their places, and lines as rows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.item_schema import compile_item_schema
from evald.domain.jsonl import (
    BOM,
    Line,
    LineSplitter,
    LineTooLong,
    Row,
    RowProblem,
    describe,
    problem_of,
    row_of_text,
)


def lines_of(*chunks: bytes, most_bytes: int = 1_000) -> list[Line]:
    splitter = LineSplitter(most_bytes=most_bytes)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return lines + splitter.end()


def test_lines_have_their_numbers_and_offsets() -> None:
    assert lines_of(b"ab\n\ncd\r\n  \nef") == [
        Line(1, 0, b"ab"),
        Line(3, 4, b"cd"),
        Line(5, 11, b"ef"),
    ]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert lines_of(BOM + b"{}\n") == [Line(1, 3, b"{}")]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_it_does_not_matter_how_bytes_are_cut(content: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    chunks = [content[a:b] for a, b in pairwise(places)]

    assert lines_of(*chunks) == lines_of(content)


@given(st.lists(st.binary(max_size=20).filter(lambda text: b"\n" not in text)))
def test_a_line_stands_where_it_says(texts: list[bytes]) -> None:
    content = b"\n".join(texts)

    for line in lines_of(content):
        assert content[line.offset :].lstrip().startswith(line.text)


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6, b"x" * 6], [b"x" * 11 + b"\n"]])
def test_a_line_may_not_be_longer_than_a_row(chunks: list[bytes]) -> None:
    with pytest.raises(LineTooLong, match="line 2 has more than 10 bytes"):
        lines_of(b"ok\n", *chunks, most_bytes=10)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"[]", RowProblem("", "must be an object with an 'item'")),
        (b'{"item": 1}', RowProblem("/item", "must be an object")),
        (b"\xff", RowProblem("", "is not UTF-8 (byte 0)")),
    ],
)
def test_a_line_that_is_no_row_says_why(text: bytes, problem: RowProblem) -> None:
    assert row_of_text(text) == problem


def test_a_row_may_bring_a_sample() -> None:
    assert row_of_text(b'{"item": {"a": 1}, "sample": {"b": 2}}') == Row({"a": 1}, {"b": 2})


def test_a_row_that_misses_the_schema_says_where() -> None:
    schema = compile_item_schema({"properties": {"label": {"type": "string"}}})

    problem = problem_of(row_of_text(b'{"item": {"label": 5}}'), schema)

    assert problem is not None
    assert problem.pointer == "/item/label"
    assert describe(problem, where="Line 3 of the file").startswith(
        "Line 3 of the file at /item/label: "
    )
