"""Kappa."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.agreement import (
    Agreement,
    RatingTable,
    bootstrap_kappa_interval,
    cohen_kappa,
    kappa_interval,
    nominal_table,
    ordinal_table,
)

BY_HAND = nominal_table(
    ["yes"] * 25 + ["no"] * 25, ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
)
ratings = st.lists(
    st.tuples(st.integers(min_value=1, max_value=4), st.integers(min_value=1, max_value=4)),
    min_size=1,
    max_size=40,
)


def agreement_of(pairs: list[tuple[int, int]]) -> Agreement:
    return cohen_kappa(nominal_table([str(a) for a, _ in pairs], [str(b) for _, b in pairs]))


def weighted(pairs: list[tuple[int, int]]) -> Agreement:
    return cohen_kappa(ordinal_table([a for a, _ in pairs], [b for _, b in pairs]))


def test_kappa_by_hand() -> None:
    found = cohen_kappa(BY_HAND)

    assert astuple(found) == pytest.approx((50, 0.7, 0.5, 0.4, 0.1270), abs=5e-5)


def test_its_interval_by_hand() -> None:
    found = kappa_interval(cohen_kappa(BY_HAND))

    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.1511, 0.6489), abs=5e-5)


def test_the_bootstrap_comes_near_to_it() -> None:
    found = bootstrap_kappa_interval(BY_HAND)

    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.1511, 0.6489), abs=0.03)


def test_the_seed_decides() -> None:
    found = bootstrap_kappa_interval(BY_HAND, resamples=200)

    assert found == bootstrap_kappa_interval(BY_HAND, resamples=200)
    assert found != bootstrap_kappa_interval(BY_HAND, resamples=200, seed=1)


def test_a_near_miss_counts_less_against_a_grader_than_a_far_one() -> None:
    human = [1, 2, 3, 4, 5] * 4
    near = cohen_kappa(ordinal_table(human, [2, 2, 3, 4, 5] * 4)).kappa
    far = cohen_kappa(ordinal_table(human, [5, 2, 3, 4, 5] * 4)).kappa

    assert near is not None
    assert far is not None
    assert far < 0.7 < near < 1


def test_distances_count_and_not_ranks() -> None:
    """Weights of 1, 2, 9: 1 for 2 is 1/64 of a disagreement, 2 for 9 49/64."""
    table = ordinal_table([1, 2, 9], [1, 9, 2])

    assert table.weights[0] == (1.0, 1 - 1 / 64, 0.0)
    assert table.weights[1] == (1 - 1 / 64, 1.0, 1 - 49 / 64)


@given(ratings)
def test_raters_may_change_places(pairs: list[tuple[int, int]]) -> None:
    turned = [(b, a) for a, b in pairs]

    for found in (agreement_of, weighted):
        one, other = found(pairs), found(turned)
        assert one.kappa == pytest.approx(other.kappa)
        assert one.standard_error == pytest.approx(other.standard_error, abs=1e-7)


@given(ratings)
def test_kappa_is_between_minus_one_and_one(pairs: list[tuple[int, int]]) -> None:
    for found in (agreement_of(pairs), weighted(pairs)):
        assert found.kappa is None or -1 - 1e-9 <= found.kappa <= 1 + 1e-9
        interval = kappa_interval(found)
        assert interval is None or -1 <= interval.low <= interval.high <= 1


@given(st.lists(st.booleans(), min_size=2, max_size=30))
def test_two_labels_have_the_same_kappa_with_and_without_weights(firsts: list[bool]) -> None:
    pairs = [(int(a), place % 2) for place, a in enumerate(firsts)]

    assert weighted(pairs).kappa == pytest.approx(agreement_of(pairs).kappa)


def test_full_agreement_is_one_and_no_interval_claims_it_for_ever() -> None:
    table = nominal_table(["a", "b", "a"], ["a", "b", "a"])
    found = cohen_kappa(table)

    assert (found.kappa, found.standard_error) == (1.0, 0.0)
    assert kappa_interval(found) is None
    assert bootstrap_kappa_interval(table) is None


def test_one_label_for_all_leaves_no_room_for_kappa() -> None:
    for table in (nominal_table(["a"] * 9, ["a"] * 9), ordinal_table([3] * 9, [3] * 9)):
        found = cohen_kappa(table)

        assert found == Agreement(9, 1.0, 1.0, None, None)
        assert kappa_interval(found) is None
        assert bootstrap_kappa_interval(table) is None


def test_resamples_without_kappa_are_left_out() -> None:
    table = RatingTable(((1, 1, 0), (0, 0, 1), (0, 0, 1)), nominal_table("abc", "abc").weights)

    assert bootstrap_kappa_interval(table, resamples=200) is not None
    assert bootstrap_kappa_interval(table, resamples=0) is None


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="Without items"):
        cohen_kappa(nominal_table([], []))
    with pytest.raises(ValueError, match="Without items"):
        cohen_kappa(ordinal_table([], []))
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        nominal_table(["a", "b"], ["a"])
