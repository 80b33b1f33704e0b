"""The journal's lines, written and read back. Ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain.archive.facts import Facts
from evald.domain.archive.journal import (
    ContentKept,
    Form,
    JournalMalformed,
    ListEnded,
    Opened,
    Page,
    PageKept,
    Record,
    Source,
    Stored,
    read_record,
    record_json,
)
from evald.domain.archive.kinds import Kind, ListKey

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
COUNT = st.integers(0, 2**53)
MAYBE = st.none() | TEXT
STORED = st.builds(Stored, TEXT, COUNT, TEXT)
KEY = st.builds(ListKey, st.sampled_from(Kind), st.lists(TEXT, max_size=2).map(tuple))
FACTS = st.builds(
    Facts,
    MAYBE,
    st.booleans(),
    st.none() | COUNT,
    MAYBE,
    st.none() | COUNT,
    st.none() | COUNT,
    st.lists(TEXT, max_size=2).map(tuple),
)
PAGE = st.builds(
    Page,
    KEY,
    st.sampled_from(Form),
    st.lists(FACTS, max_size=3).map(tuple),
    COUNT,
    MAYBE,
    st.none() | COUNT,
    MAYBE,
    st.booleans(),
)
RECORD = (
    st.builds(Opened, st.builds(Source, TEXT, MAYBE, MAYBE), COUNT)
    | st.builds(PageKept, COUNT, PAGE, STORED)
    | st.builds(ListEnded, KEY, COUNT)
    | st.builds(ContentKept, TEXT, STORED, COUNT)
)


@given(RECORD)
def test_a_record_is_read_back_as_it_was_written(record: Record) -> None:
    assert read_record(json.loads(json.dumps(record_json(record)))) == record


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["page", "ended", "content", "format", "kind", "of", "objects"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=8,
    )
)
def test_any_other_value_is_refused(value: JsonValue) -> None:
    with pytest.raises(JournalMalformed):
        read_record(value)


@pytest.mark.parametrize(
    "change",
    [
        {"objects": [1]},
        {"objects": {}},
        {"at": "now"},
        {"kind": "models"},
        {"of": [7]},
        {"form": "other"},
        {"sha256": None},
    ],
)
def test_a_page_with_a_value_of_another_kind_is_refused(change: dict[str, JsonValue]) -> None:
    page = Page(ListKey(Kind.EVALS), Form.PAGE, (Facts("e"),), 1)
    record = record_json(PageKept(1, page, Stored("raw/evals/1.json", 1, "s")))

    with pytest.raises(JournalMalformed):
        read_record(record | change)
