"""Items asked several times: how often one or all attempts pass, and how often they differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.statistics.intervals import LEVEL, wilson_interval
from evald.domain.statistics.rates import Share
from evald.domain.statistics.scores import NoScores


@dataclass(frozen=True, slots=True)
class Spread:
    """Where scores differ: `between` items (w^2), and `within` an item asked again (s^2)."""

    between: float
    within: float


def pass_at_k(passed: int, attempts: int, *, k: int) -> float:
    """How probable it is that at least one of k attempts at an item passes: pass@k.

    1 - C(n - c, k) / C(n, k), where c of n attempts passed: the share of all choices of k of the n
    that hold a passed one. In whole numbers, so exact but for the one division. Unbiased, unlike
    1 - (1 - c/n)^k. Over items, take the mean. By hand: c = 1 of n = 5, k = 2: 1 - 6/10 = 0.4.

    Raises:
        ValueError: k is not between 1 and the attempts, or more passed than were made.
    Source: M. Chen et al., "Evaluating Large Language Models Trained on Code", arXiv:2107.03374,
    equation 1.
    """
    _check_attempts(passed, attempts, k)
    whole = math.comb(attempts, k)
    return (whole - math.comb(attempts - passed, k)) / whole


def pass_hat_k(passed: int, attempts: int, *, k: int) -> float:
    """How probable it is that all of k attempts at an item pass: pass^k.

    C(c, k) / C(n, k), where c of n attempts passed. Unbiased, unlike (c/n)^k. Over items, take the
    mean. By hand: c = 4 of n = 5, k = 2: 6/10 = 0.6.

    Raises:
        ValueError: as `pass_at_k`.
    Source: S. Yao et al., "tau-bench", arXiv:2406.12045.
    """
    _check_attempts(passed, attempts, k)
    return math.comb(passed, k) / math.comb(attempts, k)


def flip_rate(verdicts: Sequence[Sequence[bool]], *, level: float = LEVEL) -> Share:
    """The share of items whose verdicts are not unanimous, of those with two or more.

    More attempts find more flips: compare rates of equally many. By hand: TT, TF, FFF, T: one of
    three items flips, 0.3333.

    Raises:
        ValueError: the level is not above 0 and below 1.
    """
    repeated = [item for item in verdicts if len(item) > 1]
    flipped = sum(len(set(item)) > 1 for item in repeated)
    return Share(flipped, len(repeated), wilson_interval(flipped, len(repeated), level=level))


def item_means(scores: Sequence[Sequence[float]]) -> list[float]:
    """The mean score of each item: what stands for it, since its repeats are not independent.

    By hand: (0, 1), (1, 1): 0.5 and 1.

    Raises:
        NoScores: an item has none.
    """
    if not all(scores):
        raise NoScores
    return [math.fsum(item) / len(item) for item in scores]


def spread(scores: Sequence[Sequence[float]]) -> Spread:
    """The variance between items and within them, for planning with `power.difference_variance`.

    within = the sum over items of (x_ik - item mean)^2, divided by the sum of (K_i - 1);
    between = the variance of item means less within times the mean of 1 / K_i, but not below 0,
    where item i has the scores x_ik, K_i of them. By hand: (0, 1), (1, 1), (0, 0): means 0.5, 1, 0,
    variance 0.25; within 0.5 / 3 = 0.1667; between 0.25 - 0.1667 / 2 = 0.1667.

    Raises:
        NoScores: an item has none.
        ValueError: there are fewer than two items, or none was asked twice.
    Source: one-way analysis of variance, G. Snedecor, W. Cochran, "Statistical Methods"; the use of
    it Miller, arXiv:2411.00640, on resampling.
    """
    means = item_means(scores)
    repeats = sum(len(item) - 1 for item in scores)
    if len(means) < 2 or repeats < 1:
        raise ValueError("Two items, and one of them asked twice, are the least to tell a spread.")
    squares = [
        (score - mean) ** 2 for item, mean in zip(scores, means, strict=True) for score in item
    ]
    within = math.fsum(squares) / repeats
    middle = math.fsum(means) / len(means)
    among = math.fsum((mean - middle) ** 2 for mean in means) / (len(means) - 1)
    inverse = sum(1 / len(item) for item in scores) / len(scores)
    return Spread(max(0.0, among - within * inverse), within)


def _check_attempts(passed: int, attempts: int, k: int) -> None:
    if not 1 <= k <= attempts:
        raise ValueError(f"Of {attempts} attempts, {k} cannot be chosen.")
    if not 0 <= passed <= attempts:
        raise ValueError(f"{passed} of {attempts} attempts cannot have passed.")
