"""Items are sorted by their contents, of which each comes whole."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.sql.item_matching import WholeContents


@given(st.lists(st.sampled_from("abcd")), st.integers(1, 5))
def test_no_content_is_split_and_no_row_is_lost(contents: list[str], at_once: int) -> None:
    rows = [(content, number) for number, content in enumerate(sorted(contents))]
    whole = WholeContents()

    firsts = range(0, len(rows), at_once)
    given_on = [whole.of(rows[first : first + at_once]) for first in firsts]
    given_on.append(whole.rest())

    assert [row for some in given_on for row in some] == rows
    contents_of = [{content for content, _ in some} for some in given_on]
    assert sum(map(len, contents_of)) == len(list(groupby(rows, lambda row: row[0])))
