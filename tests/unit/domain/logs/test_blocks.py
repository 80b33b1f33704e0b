"""Blocks of logs: bits lose no log that has what is asked for; all of it is ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.logs.blocks import (
    FEW,
    SHARED_KEYS,
    LogFrontier,
    bits_of_block,
    may_have,
    places_in,
    settled_seq,
    shared_key,
    term_key,
)
from evald.domain.logs.terms import Term

KEYS = st.integers(0, 2 * SHARED_KEYS)
PLACES = st.sets(st.integers(0, 40), min_size=1)
BLOCKS = st.dictionaries(KEYS, PLACES.map(sorted), max_size=6)
GROUPS = st.lists(st.lists(KEYS, max_size=3), min_size=1, max_size=3)


@given(BLOCKS, GROUPS)
def test_whatever_has_a_term_of_each_group_may_have_them(
    having: dict[int, list[int]], groups: list[list[int]]
) -> None:
    def has(place: int) -> bool:
        return all(any(place in having.get(key, ()) for key in keys) for keys in groups)

    found = places_in(may_have(bits_of_block(having), groups))

    assert set(found) >= {place for place in range(41) if has(place)}


def test_bits_of_terms_that_many_logs_have_name_those_logs_alone() -> None:
    every, third = list(range(3 * FEW)), list(range(0, 3 * FEW, 3))

    bits = bits_of_block({1_001: every, 1_002: third})

    assert places_in(may_have(bits, [[1_001], [1_002]])) == third


def test_terms_that_few_logs_have_share_their_bits() -> None:
    first, second = SHARED_KEYS + 5, 2 * SHARED_KEYS + 5

    bits = bits_of_block({first: [3], second: [8]})

    assert shared_key(first) == shared_key(second) == 5
    assert bits == {5: 1 << 3 | 1 << 8}


def test_a_block_without_the_term_has_no_log_that_may_have_it() -> None:
    assert may_have({}, [[7]]) == 0
    assert places_in(0) == []


@pytest.mark.parametrize(
    "other",
    [
        ("proj_2", "chat_completion", Term("model", "m")),
        ("proj_1", "response", Term("model", "m")),
        ("proj_1", "chat_completion", Term("user", "m")),
        ("proj_1", "chat_completion", Term("model", "n")),
    ],
)
def test_a_key_is_of_a_projects_term(other: tuple[str, str, Term]) -> None:
    key = term_key("proj_1", "chat_completion", Term("model", "m"))

    assert key != term_key(*other)  # type: ignore[arg-type]
    assert 0 <= key < 2**63


@pytest.mark.parametrize(
    ("before", "now", "settled"),
    [
        (LogFrontier(0), LogFrontier(9), 9),
        (LogFrontier(5, frozenset("a")), LogFrontier(9), 9),
        (LogFrontier(5), LogFrontier(9, frozenset("a")), 5),
        (LogFrontier(5, frozenset("a")), LogFrontier(9, frozenset("b")), 5),
        (LogFrontier(5, frozenset("ab")), LogFrontier(9, frozenset("b")), 0),
    ],
)
def test_logs_are_settled_when_nobody_writes_who_wrote_when_they_were_seen(
    before: LogFrontier, now: LogFrontier, settled: int
) -> None:
    assert settled_seq(before, now) == settled
