"""Items of several runs matched by (content hash, occurrence)."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.item_matching import ABSENT, PairedItems, pair_up

RUNS = 3
an_item = st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.integers(0, RUNS - 1))


def paired(*items: tuple[bytes, int], runs: int = 2) -> PairedItems:
    return pair_up([each for each, _ in items], [place for _, place in items], run_count=runs)


@pytest.mark.parametrize(
    ("items", "columns", "occurrences"),
    [
        ([], [[], []], []),
        ([(b"a", 0), (b"a", 1), (b"b", 0), (b"b", 1)], [[0, 2], [1, 3]], [0, 0]),
        ([(b"a", 0), (b"a", 0), (b"a", 1)], [[0, 1], [2, ABSENT]], [0, 1]),
        ([(b"a", 0), (b"b", 1)], [[0, ABSENT], [ABSENT, 1]], [0, 0]),
        (
            [(b"a", 0), (b"a", 0), (b"b", 1), (b"b", 1)],
            [[0, 1, -1, -1], [-1, -1, 2, 3]],
            [0, 1] * 2,
        ),
    ],
)
def test_items_are_matched(
    items: list[tuple[bytes, int]], columns: list[list[int]], occurrences: list[int]
) -> None:
    assert paired(*items) == PairedItems(columns, occurrences)


@given(st.lists(an_item))
def test_each_item_is_matched_once_by_its_content_and_occurrence(
    items: list[tuple[bytes, int]],
) -> None:
    given_items = sorted(items)
    counts: dict[tuple[bytes, int], int] = defaultdict(int)
    expected = {}
    for number, item in enumerate(given_items):
        expected[number] = (item[0], counts[item])
        counts[item] += 1

    found = paired(*given_items, runs=RUNS)

    assert len({*zip(*found.runs, strict=True)}) == len(found.occurrences)
    seen = []
    for *numbers, occurrence in zip(*found.runs, found.occurrences, strict=True):
        for place, number in enumerate(numbers):
            if number != ABSENT:
                seen.append(number)
                assert given_items[number][1] == place
                assert expected[number][1] == occurrence
        assert len({given_items[number][0] for number in numbers if number != ABSENT}) == 1
    assert sorted(seen) == list(range(len(given_items)))
