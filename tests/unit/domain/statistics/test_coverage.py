"""Whether intervals cover, and verdicts err, as often as they say: simulated, so slow."""

from collections.abc import Callable
from random import Random

import pytest

from evald.domain.statistics.clusters import clustered_mean, clustered_wilson_interval, clusters_of
from evald.domain.statistics.comparisons import compare_passes, compare_scores
from evald.domain.statistics.differences import newcombe_paired_interval
from evald.domain.statistics.estimates import mean_estimate, t_interval
from evald.domain.statistics.intervals import Interval
from evald.domain.statistics.means import mean_interval
from evald.domain.statistics.paired import PairedPasses, paired_passes
from evald.domain.statistics.power import smallest_paired_difference
from evald.domain.statistics.rates import pass_rate
from evald.domain.statistics.scores import scores_of
from evald.domain.statistics.verdicts import VerdictWord, verdict_on

pytestmark = pytest.mark.slow

CHANGED = {VerdictWord.IMPROVED, VerdictWord.REGRESSED}


def covered(truth: float, times: int, interval: Callable[[], Interval | None]) -> float:
    """The share of intervals that cover the truth; without an interval nothing is claimed."""
    found = [interval() for _ in range(times)]
    share = sum(each is None or each.covers(truth) for each in found) / times
    print(f"covered {share:.3f} of {times}")
    return share


@pytest.mark.parametrize(("rate", "n"), [(0.5, 20), (0.8, 50), (0.95, 100), (0.99, 400)])
def test_rates(rate: float, n: int) -> None:
    rng = Random(1)

    def interval() -> Interval:
        passed = sum(rng.random() < rate for _ in range(n))
        return pass_rate(passed, n - passed, errored=0).graded.interval

    assert covered(rate, 2_000, interval) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize(
    ("name", "truth", "n", "least"),
    [
        ("even", 0.5, 12, 0.93),
        ("even", 0.5, 100, 0.93),
        ("skewed", 1 / 9, 60, 0.90),
        ("mostly 1", 0.975, 20, 0.93),  # t covers 0.58 here
        ("mostly 1", 0.975, 100, 0.93),  # and 0.88 here
        ("mostly 0", 0.1, 60, 0.90),
    ],
)
def test_mean_scores(name: str, truth: float, n: int, least: float) -> None:
    rng = Random(2)
    draw: dict[str, Callable[[], float]] = {
        "even": rng.random,
        "skewed": lambda: rng.random() ** 8,
        "mostly 1": lambda: 1.0 if rng.random() < 0.95 else rng.random(),
        "mostly 0": lambda: 0.0 if rng.random() < 0.8 else rng.random(),
    }

    def interval() -> Interval | None:
        return mean_interval(scores_of(draw[name]() for _ in range(n)), seed=3).interval

    assert covered(truth, 200, interval) >= least


def answers(rng: Random, clusters: int, size: int) -> tuple[list[int], list[str]]:
    """Passes of questions on documents that are easy (0.9) or hard (0.5)."""
    rates = [rng.choice([0.9, 0.5]) for _ in range(clusters)]
    passes = [int(rng.random() < rate) for rate in rates for _ in range(size)]
    return passes, [str(place // size) for place in range(clusters * size)]


def test_clusters_that_are_taken_for_items_mislead_and_clusters_do_not() -> None:
    rng = Random(3)

    def plain() -> Interval | None:
        return t_interval(mean_estimate(scores_of(answers(rng, 20, 15)[0])))

    def clustered() -> Interval | None:
        return t_interval(clustered_mean(clusters_of(*answers(rng, 20, 15))))

    def wilson() -> Interval:
        return clustered_wilson_interval(clusters_of(*answers(rng, 20, 15)))

    assert covered(0.7, 300, plain) < 0.8
    assert covered(0.7, 300, clustered) == pytest.approx(0.95, abs=0.04)
    assert covered(0.7, 300, wilson) == pytest.approx(0.95, abs=0.04)


def two_runs(rng: Random, n: int, *, won: float, lost: float) -> PairedPasses:
    """The outcome of n items, of which shares are won and lost, and of the rest most are passed."""
    draws = [rng.random() for _ in range(n)]
    candidate = [draw < won or won + lost <= draw < 0.8 for draw in draws]
    return paired_passes(candidate, [won <= draw < 0.8 for draw in draws])


@pytest.mark.parametrize(("won", "lost"), [(0.1, 0.1), (0.15, 0.05), (0.02, 0.02)])
def test_paired_differences_of_rates(won: float, lost: float) -> None:
    rng = Random(4)

    share = covered(
        won - lost,
        1_500,
        lambda: newcombe_paired_interval(two_runs(rng, 100, won=won, lost=lost)),
    )

    assert 0.93 <= share <= 0.995


@pytest.mark.parametrize(("n", "share"), [(10, 0.3), (100, 0.1), (1_000, 0.05)])
def test_a_change_of_rates_that_is_none_is_seen_in_at_most_one_of_twenty(
    n: int, share: float
) -> None:
    rng = Random(5)
    pairs = [two_runs(rng, n, won=share, lost=share) for _ in range(1_000)]

    words = [verdict_on(compare_passes(each)).word for each in pairs]

    assert sum(word in CHANGED for word in words) / 1_000 <= 0.06


def test_the_change_that_could_have_been_seen_is_seen_4_times_in_5() -> None:
    rng, n, share = Random(6), 300, 0.2
    effect = smallest_paired_difference(n, share)
    won, lost = (share + effect) / 2, (share - effect) / 2
    pairs = [two_runs(rng, n, won=won, lost=lost) for _ in range(1_000)]

    words = [verdict_on(compare_passes(each)).word for each in pairs]

    seen = words.count(VerdictWord.IMPROVED) / 1_000
    print(f"seen {seen:.3f}")
    assert seen == pytest.approx(0.8, abs=0.06)  # the exact test is a little shy


def test_a_change_of_scores_that_is_none_is_seen_in_at_most_one_of_twenty() -> None:
    rng = Random(7)

    def changed() -> bool:
        baseline = [rng.random() for _ in range(30)]
        candidate = [min(1.0, max(0.0, score + rng.gauss(0, 0.2))) for score in baseline[::-1]]
        return verdict_on(compare_scores(candidate, baseline[::-1])).word in CHANGED

    assert sum(changed() for _ in range(200)) / 200 <= 0.09


def test_a_change_in_clusters_that_is_none_is_seen_in_at_most_one_of_twenty() -> None:
    rng = Random(8)

    def changed() -> bool:
        shifts = [rng.gauss(0, 0.2) for _ in range(12)]
        candidate = [shift + rng.gauss(0, 0.1) for shift in shifts for _ in range(10)]
        labels = [str(place // 10) for place in range(120)]
        return verdict_on(compare_scores(candidate, [0.0] * 120, labels=labels)).word in CHANGED

    assert sum(changed() for _ in range(200)) / 200 <= 0.09
