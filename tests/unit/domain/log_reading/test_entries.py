import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.log_reading.entries import Entry, EntrySplitter
from tests.support.examples import at_most

MOST = 200

TEXT = st.text(alphabet='a"\\[]{},:\n\u2028', max_size=5)
JSON = st.recursive(
    st.none() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def entries(*chunks: bytes, most: int = MOST) -> list[Entry]:
    splitter = EntrySplitter(most_bytes=most)
    return [each for chunk in chunks for each in splitter.feed(chunk)] + splitter.end()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"\n \n\r\n", []),
        (b"1\n\n2", [(1, b"1"), (3, b"2")]),
        (b'\xef\xbb\xbf{"a":1}\r\n{"b":2}\r\n', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"broken\n{"a":1}\n', [(1, b'{"broken'), (2, b'{"a":1}')]),
        (b'{\n"a": [\n1\n]\n}\n2', [(1, b'{\n"a": [\n1\n]\n}'), (6, b"2")]),
        (b'[\n{"a":"}]"},\n{"b":"\\"]"}\n]', [(1, b'[\n{"a":"}]"},\n{"b":"\\"]"}\n]')]),
        (b'[{\n"a":1}]\n1', [(1, b'[{\n"a":1}]'), (3, b"1")]),
        (b'{\n"a": 1\n', [(1, b'{\n"a": 1\n')]),  # what is cut off is one entry too
        (
            b'{\n{"a":1}\n{"b":2}\n3',
            [(1, b'{\n{"a":1}'), (2, b'{"a":1}'), (3, b'{"b":2}'), (4, b"3")],
        ),
        (b'[[[[\n{"a":1}', [(1, b'[[[[\n{"a":1}'), (2, b'{"a":1}')]),
        (b'[\n{"a":1}\n\n,{"b":2}]\n1', [(1, b'[\n{"a":1}\n\n,{"b":2}]'), (5, b"1")]),
        (b"x" * 201 + b"\n1", [(1, None), (2, b"1")]),
        (b"x" * 200 + b"\n1", [(1, b"x" * 200), (2, b"1")]),
        (b"[\n" + b"1,\n" * 99 + b"1\n]\n2", [(1, None), (103, b"2")]),
        (b"[\n" + b"x" * 999 + b"\n]\n2", [(1, None), (4, b"2")]),
    ],
)
def test_entries_are_lines_or_spread_over_them(
    text: bytes, expected: list[tuple[int, bytes | None]]
) -> None:
    assert [(each.line, each.text) for each in entries(text)] == expected


@at_most(40)
@given(st.lists(JSON, max_size=5), st.integers(min_value=1, max_value=40))
def test_however_lines_are_cut_they_come_whole(values: list[Any], step: int) -> None:
    text = b"".join(json.dumps(each).encode() + b"\n" for each in values)
    chunks = [text[at : at + step] for at in range(0, len(text), step)]

    found = entries(*chunks, most=10_000)

    assert [json.loads(each.text or b"") for each in found] == values
    assert [each.line for each in found] == list(range(1, len(values) + 1))


@at_most(40)
@given(st.lists(st.lists(JSON, min_size=1) | st.dictionaries(TEXT, JSON, min_size=1), max_size=4))
def test_pretty_printed_values_come_whole_one_after_another(values: list[Any]) -> None:
    text = "\n".join(json.dumps(each, indent=1) for each in values).encode()

    found = entries(text, most=100_000)

    assert [json.loads(each.text or b"") for each in found] == values


@at_most(40)
@given(st.integers(1, 9), st.lists(JSON.filter(lambda each: each), max_size=4))
def test_brackets_that_are_never_closed_take_no_line_along(depth: int, values: list[Any]) -> None:
    lines = [json.dumps([each]).encode() for each in values]

    found = entries(b"\n".join([b"[" * depth, *lines, b"1"]), most=10_000)

    assert [each.text for each in found[1:]] == [*lines, b"1"] if lines else True


@given(st.binary(max_size=300), st.integers(min_value=1, max_value=40))
def test_no_entry_is_longer_than_it_may_be(text: bytes, step: int) -> None:
    chunks = [text[at : at + step] for at in range(0, len(text), step)]

    assert all(len(each.text or b"") <= 50 for each in entries(*chunks, most=50))
