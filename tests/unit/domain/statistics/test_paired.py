"""McNemar's tests and flipped signs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.paired import (
    PairedPasses,
    mcnemar_exact,
    mcnemar_mid_p,
    paired_passes,
    sign_flip_test,
    signed_sums,
)
from evald.domain.statistics.scores import counted_scores, scores_of

counts = st.integers(min_value=0, max_value=60)


def pairs(won: int, lost: int) -> PairedPasses:
    return PairedPasses(both=3, won=won, lost=lost, neither=2)


def test_items_are_counted_by_who_passed_them() -> None:
    found = paired_passes([True, True, False, False, True], [True, False, True, False, False])

    assert found == PairedPasses(both=1, won=2, lost=1, neither=1)
    assert (found.n, found.difference, found.discordance) == (5, 0.2, 0.6)


def test_without_items_nothing_differs() -> None:
    none = paired_passes([], [])

    assert (none.n, none.difference, none.discordance) == (0, 0.0, 0.0)
    assert mcnemar_exact(none) == mcnemar_mid_p(none) == 1.0


def test_mcnemar_by_hand() -> None:
    assert mcnemar_exact(pairs(1, 7)) == pytest.approx(18 / 256)
    assert mcnemar_mid_p(pairs(1, 7)) == pytest.approx(10 / 256)


@pytest.mark.parametrize("test", [mcnemar_exact, mcnemar_mid_p])
@pytest.mark.parametrize("each", [0, 1, 40])
def test_as_many_won_as_lost_is_what_chance_does(test: object, each: int) -> None:
    assert callable(test)
    assert test(pairs(each, each)) == 1.0


@given(counts, counts)
def test_the_runs_may_change_places(won: int, lost: int) -> None:
    assert mcnemar_exact(pairs(won, lost)) == mcnemar_exact(pairs(lost, won))
    assert 0 < mcnemar_mid_p(pairs(won, lost)) <= mcnemar_exact(pairs(won, lost)) <= 1


@given(counts, counts)
def test_items_both_pass_or_fail_play_no_part(won: int, lost: int) -> None:
    assert mcnemar_exact(PairedPasses(900, won, lost, 0)) == mcnemar_exact(pairs(won, lost))


def test_the_exact_test_needs_six_that_differ() -> None:
    assert mcnemar_exact(pairs(5, 0)) > 0.05 > mcnemar_exact(pairs(6, 0))


def test_flipped_signs_by_hand() -> None:
    assert sorted(signed_sums([1, 2])) == [-3, -1, 1, 3]
    assert sign_flip_test(scores_of([1, 2, 3])) == 0.25


@given(st.lists(st.integers(min_value=-5, max_value=5), max_size=7))
def test_few_items_have_all_signs_tried(values: list[int]) -> None:
    flips = itertools.product((1, -1), repeat=len(values))
    sums = [sum(map(int.__mul__, values, flip)) for flip in flips]
    share = sum(abs(each) >= abs(sum(values)) for each in sums) / len(sums)

    tenths = scores_of(value / 10 for value in values)  # sums of which have rounding errors
    assert sign_flip_test(tenths) == pytest.approx(share)


@given(st.lists(st.floats(min_value=-1, max_value=1), min_size=1, max_size=30))
def test_the_sign_of_all_differences_plays_no_part(values: list[float]) -> None:
    forward = sign_flip_test(scores_of(values), draws=200)

    assert 0 < forward <= 1
    assert len({abs(value) for value in values}) < 17 or forward == sign_flip_test(
        scores_of(-value for value in values), draws=200
    )


def test_differences_of_zero_change_nothing() -> None:
    assert sign_flip_test(scores_of([0.0] * 50 + [1, 2, 3])) == 0.25
    assert sign_flip_test(scores_of([0.0] * 50)) == 1.0


def test_passes_have_the_p_value_of_mcnemar() -> None:
    few = sign_flip_test(counted_scores({1.0: 12, -1.0: 2, 0.0: 86}))
    many = sign_flip_test(counted_scores({1.0: 60, -1.0: 40, 0.0: 100}))

    assert few == pytest.approx(mcnemar_exact(PairedPasses(30, 12, 2, 56)))
    assert many == pytest.approx(mcnemar_exact(PairedPasses(50, 60, 40, 50)), abs=0.01)


def test_drawn_signs_come_near_to_all_signs() -> None:
    values = [((place * 7) % 17 - 6) / 10 for place in range(16)]
    every = sign_flip_test(scores_of(values))

    tiny = sign_flip_test(scores_of([*values, 1e-15]))  # one more, so signs are drawn

    assert tiny == pytest.approx(every, abs=0.02)


def test_drawn_signs_never_come_to_zero_and_the_seed_decides() -> None:
    clear = scores_of(1 + place / 100 for place in range(40))
    unclear = scores_of((place * 13 % 40 - 17) / 100 for place in range(40))

    assert sign_flip_test(clear, draws=999) == 1 / 1_000
    assert sign_flip_test(unclear, seed=1) == sign_flip_test(unclear, seed=1)
    assert sign_flip_test(unclear, seed=1) != sign_flip_test(unclear, seed=2)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 0"):
        PairedPasses(both=1, won=-1, lost=0, neither=0)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        paired_passes([True, False], [True])
