"""Pages taken apart into the texts of their objects; JSON's grammar, and the rest is ours."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.archive.list_page import (
    NotAList,
    NotAnObject,
    PageObject,
    read_object,
    read_page,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def objects(body: bytes) -> list[PageObject]:
    return read_page(body, lambda each: each).objects


@given(
    values=st.lists(JSON, max_size=6),
    indent=st.none() | st.integers(0, 4),
    ascii_only=st.booleans(),
    before=st.dictionaries(st.text().filter(lambda name: name != "data"), JSON, max_size=3),
)
def test_the_objects_of_a_page_are_their_texts(
    values: list[Any], indent: int | None, ascii_only: bool, before: dict[str, Any]
) -> None:
    page = before | {"data": values, "more": 1}
    text = json.dumps(page, indent=indent, ensure_ascii=ascii_only)
    body = text.encode("utf-8", "surrogatepass")

    found = read_page(body, lambda each: each.text)

    whole = body.decode("utf-8", "surrogateescape")
    place = 0
    for each, value in zip(found.objects, values, strict=True):
        place = whole.index(each, place) + len(each)
        if "surrogates" not in ascii(value):
            assert json.loads(each.encode("utf-8", "surrogateescape")) == value


@given(JSON.filter(lambda value: isinstance(value, dict)), st.sampled_from(["", "\ufeff", " \n"]))
def test_one_object_is_its_text(value: Any, before: str) -> None:
    text = json.dumps(value, indent=1)

    assert read_object((before + text + "\n").encode()).text == text


@given(st.binary(max_size=200))
def test_whatever_comes_it_is_a_page_or_none(body: bytes) -> None:
    with suppress(NotAList):
        objects(body)


@given(st.data())
def test_a_page_cut_anywhere_is_none(data: st.DataObject) -> None:
    body = json.dumps({"object": "list", "data": [{"id": "a", "n": [1, "x"]}], "has_more": True})
    cut = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(NotAList):
        objects(body[:cut].encode())


@pytest.mark.parametrize(
    ("envelope", "has_more", "last_id"),
    [
        ('{"data": [], "has_more": true, "last_id": "x"}', True, "x"),
        ('{"last_id": null, "has_more": false, "data": []}', False, None),
        ('{"data": []}', None, None),
        ('{"data": [], "has_more": "yes", "last_id": 7}', None, 7),
        ('{"data": null}', None, None),
        ('{"data": [], "score": NaN, "has_more": false,}', False, None),
    ],
)
def test_what_a_page_says_of_the_next_one(
    envelope: str, has_more: bool | None, last_id: object
) -> None:
    page = read_page(envelope.encode(), lambda each: each)

    assert (page.objects, page.has_more, page.last_id) == ([], has_more, last_id)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"data": 1}',
        b'{"data": {}}',
        b'{"data": [,1]}',
        b'{"data": [1 2]}',
        b'{"data": [1]} x',
        b'{"data" [1]}',
        b"{data: [1]}",
        b'{"data": [{"a": tru}]}',
        b'{"data": NaN}',
        b'{"data": [], "other": }',
        b"\xff\xfe{\x00",
    ],
)
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(NotAList):
        objects(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'{"id": "a"} x', b'{"id"', b'{"id": 1,}'])
def test_what_is_no_object(body: bytes) -> None:
    with pytest.raises(NotAnObject):
        read_object(body)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "a", "n": NaN}',
        '{"id": "a", "n": -Infinity}',
        '{"id": "a", "t": "tab\there"}',
        '{"id": "a", "t": "line\nbreak"}',
    ],
)
def test_what_is_not_quite_json_is_told_apart_and_its_id_read(text: str) -> None:
    [odd, good] = objects(b'{"data": [' + text.encode() + b', {"id": "b"}]}')

    assert (odd.text, odd.whole, good.whole) == (text, False, True)
    assert isinstance(odd.value, dict)
    assert odd.value["id"] == "a"


def test_what_is_nested_too_deep_is_passed_over_to_its_end() -> None:
    deep = '{"s": "]\\"}", "deep": ' + "[" * 200_000 + "]" * 200_000 + "}"

    [odd, good] = objects(b'{"data": [' + deep.encode() + b', {"id": "b"}]}')

    assert (odd.text == deep, odd.whole, odd.value) == (True, False, None)
    assert good.text == '{"id": "b"}'


def test_what_is_nested_too_deep_and_does_not_end_is_no_page() -> None:
    with pytest.raises(NotAList, match="ends in its midst"):
        objects(b'{"data": [' + b"[" * 200_000)


def test_a_line_has_no_break_and_else_every_byte() -> None:
    found = PageObject('{\r\n"a":\n"\\n"}', None)

    assert found.line == b'{  "a": "\\n"}'
