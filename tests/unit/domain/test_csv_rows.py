"""CSV to rows. RFC 4180 says what CSV is; that cells are texts is ours."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain.csv_rows import CsvProblem, CsvReader, CsvRow

SCHEMA: JsonValue = {
    "type": "object",
    "properties": {
        "n": {"type": "integer"},
        "x": {"type": "number"},
        "ok": {"type": "boolean"},
        "odd": True,
    },
}


def read(text: bytes, *, cut: int = 0, schema: JsonValue = None) -> list[CsvRow]:
    reader = CsvReader(schema or {}, most_bytes=100)
    return [*reader.feed(text[:cut]), *reader.feed(text[cut:]), *reader.end()]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"a,b\n1,2\n", [(2, {"a": "1", "b": "2"})]),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", [(2, {"a": "1", "b": "2"})]),
        (b"a\n\n  \nx", [(4, {"a": "x"})]),
        (
            b'a,b\n"x, ""y""\nz",2\nlast,3',
            [(2, {"a": 'x, "y"\nz', "b": "2"}), (4, {"a": "last", "b": "3"})],
        ),
        (b'a\n""\n', [(2, {"a": ""})]),
        (" ä ,ß\nö,ü".encode(), [(2, {"ä": "ö", "ß": "ü"})]),
        (b"a\n", []),
    ],
)
def test_rows_of_a_file(text: bytes, rows: list[tuple[int, dict[str, JsonValue]]]) -> None:
    assert [(row.line, row.item) for row in read(text)] == rows


@pytest.mark.parametrize(
    ("cell", "column", "value"),
    [
        (b"7", "n", 7),
        (b"7.5", "n", "7.5"),
        (b"-1.5e3", "x", -1500.0),
        (b"007", "n", "007"),
        (b"NaN", "x", "NaN"),
        (b"TRUE", "ok", True),
        (b"yes", "ok", "yes"),
        (b"7", "odd", "7"),
        (b"7", "other", "7"),
    ],
)
def test_a_cell_is_what_the_item_schema_calls_its_column(
    cell: bytes, column: str, value: JsonValue
) -> None:
    (row,) = read(column.encode() + b"\n" + cell, schema=SCHEMA)

    assert row.item == {column: value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"a,b\n1", "Line 2 has 1 cells, and the header has 2."),
        (b"a\n1,2", "Line 2 has 2 cells, and the header has 1."),
        (b"a,a\n", "names the column 'a' twice"),
        (b"a,\n", "names no column 2"),
        (b'a\n"open\nmore', "Line 2 has a quote that is never closed."),
        (b'a\n"x"y\n', "Line 2 is no CSV"),
        (b"a\n\xff\n", "Line 2 is not UTF-8 (byte 0)."),
        (b"a\n" + b"x" * 101, "Line 2 has more than 100 bytes."),
        (b'a\n"' + b"x\n" * 60, "Line 2 has more than 100 bytes."),
    ],
)
def test_what_is_no_csv_is_told_with_its_line(text: bytes, words: str) -> None:
    with pytest.raises(CsvProblem, match=words.replace("(", r"\(").replace(")", r"\)")):
        read(text)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x00\x1c\x1d\x1e\x85\u2028\u2029\x0b\x0c"),
    max_size=8,
)


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=4), cut=st.integers(0, 60))
def test_what_a_writer_of_csv_wrote_is_read_again(rows: list[tuple[str, str]], cut: int) -> None:
    """Law: however the bytes are cut."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])

    found = read(written.getvalue().encode(), cut=cut)

    assert [(row.item["a"], row.item["b"]) for row in found] == rows
