"""The four words and their sentences."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.comparisons import compare_passes, compare_scores
from evald.domain.statistics.paired import PairedPasses, mcnemar_exact
from evald.domain.statistics.verdicts import VerdictWord, fewest_units, verdict_on

counts = st.integers(min_value=0, max_value=40)
tables = st.builds(PairedPasses, counts, counts, counts, counts)
BETTER = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
WORSE = [0.5, 0.5, 0.5, 0.5, 0.4, 0.3]


@pytest.mark.parametrize(
    ("level", "fewest"), [(0.5, 2), (0.75, 3), (0.9, 5), (0.95, 6), (0.99, 8), (0.999, 11)]
)
def test_from_how_many_items_on_a_verdict_speaks(level: float, fewest: int) -> None:
    assert fewest_units(level) == fewest
    assert mcnemar_exact(PairedPasses(0, fewest, 0, 0)) <= 1 - level + 1e-12
    assert mcnemar_exact(PairedPasses(0, fewest - 1, 0, 0)) > 1 - level


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_between_0_and_1(level: float) -> None:
    with pytest.raises(ValueError, match="no level"):
        fewest_units(level)


@pytest.mark.parametrize(
    ("pairs", "word", "sentence"),
    [
        (
            PairedPasses(30, 12, 2, 56),
            VerdictWord.IMPROVED,
            (
                "Improved by 10.0 points (95 %: 2.7 to 17.2) on 100 items: "
                "12 better, 2 worse, 86 the same."
            ),
        ),
        (
            PairedPasses(30, 2, 12, 56),
            VerdictWord.REGRESSED,
            (
                "Regressed by 10.0 points (95 %: −17.2 to −2.7) on 100 items: "
                "2 better, 12 worse, 86 the same."
            ),
        ),
        (
            PairedPasses(30, 2, 3, 56),
            VerdictWord.NO_DETECTABLE_CHANGE,
            (
                "No detectable change: −1.1 points (95 %: −6.4 to 4.2) on 91 items: "
                "2 better, 3 worse, 86 the same; "
                "a change of 8.4 points would have been seen 4 times in 5."
            ),
        ),
        (
            PairedPasses(1, 4, 0, 0),
            VerdictWord.TOO_FEW_ITEMS,
            (
                "Too few items: both runs have a verdict on 5 items, and with fewer than 6 items "
                "no outcome can be told from chance."
            ),
        ),
        (
            PairedPasses(0, 0, 0, 0),
            VerdictWord.TOO_FEW_ITEMS,
            (
                "Too few items: both runs have a verdict on 0 items, and with fewer than 6 items "
                "no outcome can be told from chance."
            ),
        ),
    ],
)
def test_verdicts_on_passes(pairs: PairedPasses, word: VerdictWord, sentence: str) -> None:
    verdict = verdict_on(compare_passes(pairs))

    assert (verdict.word, verdict.sentence) == (word, sentence)


def test_scores_are_not_told_in_points() -> None:
    assert verdict_on(compare_scores(WORSE, BETTER)).sentence == (
        "Regressed by 0.2 (95 %: −0.333 to −0.0673) on 6 items: 0 better, 6 worse, 0 the same."
    )


def test_clusters_are_what_counts_where_there_are_any() -> None:
    few = compare_scores(BETTER, WORSE, labels=list("aabbcc"))
    enough = compare_scores(BETTER, WORSE, labels=list("abcdef"))

    assert verdict_on(few).sentence == (
        "Too few clusters: both runs have a verdict on 6 items in 3 clusters, and with fewer than "
        "6 clusters no outcome can be told from chance."
    )
    assert verdict_on(enough).sentence.startswith("Improved by 0.2 ")
    assert " on 6 items in 6 clusters: " in verdict_on(enough).sentence


def test_runs_that_are_equal_on_every_item_promise_nothing() -> None:
    assert verdict_on(compare_scores(BETTER, BETTER)).sentence == (
        "No detectable change: +0 on 6 items: 0 better, 0 worse, 6 the same."
    )


def test_runs_that_are_apart_by_the_same_on_every_item_have_no_interval_but_a_verdict() -> None:
    verdict = verdict_on(compare_scores([1.5] * 8, [1.25] * 8))

    assert verdict.sentence == "Improved by 0.25 on 8 items: 8 better, 0 worse, 0 the same."


def test_an_adjusted_p_value_can_take_a_verdict_back() -> None:
    comparison = compare_passes(PairedPasses(30, 12, 2, 56))

    adjusted = replace(comparison, p_value=4 * comparison.p_value)

    assert verdict_on(adjusted).word == VerdictWord.NO_DETECTABLE_CHANGE


@given(tables)
def test_a_change_is_only_seen_where_the_interval_leaves_out_zero(pairs: PairedPasses) -> None:
    comparison = compare_passes(pairs)
    word = verdict_on(comparison).word

    assert comparison.interval is not None
    if word == VerdictWord.IMPROVED:
        assert comparison.interval.low > 0
    if word == VerdictWord.REGRESSED:
        assert comparison.interval.high < 0


@given(tables)
def test_changing_places_turns_improved_into_regressed(pairs: PairedPasses) -> None:
    turned = PairedPasses(pairs.both, pairs.lost, pairs.won, pairs.neither)
    opposite = {
        VerdictWord.IMPROVED: VerdictWord.REGRESSED,
        VerdictWord.REGRESSED: VerdictWord.IMPROVED,
    }
    word, other = verdict_on(compare_passes(pairs)).word, verdict_on(compare_passes(turned)).word

    assert opposite.get(word, word) == other
