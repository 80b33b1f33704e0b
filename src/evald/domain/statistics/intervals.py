"""The intervals of a pass rate: Wilson's, and the exact one of Clopper and Pearson."""

import math
from dataclasses import dataclass

from evald.domain.statistics.distributions import beta_quantile, critical_z, tail_of

LEVEL = 0.95
"""How often an interval covers the truth, where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`; of all intervals so made, the share `level` covers the truth."""

    low: float
    high: float
    level: float = LEVEL

    def covers(self, value: float) -> bool:
        """Whether the value lies within, ends included."""
        return self.low <= value <= self.high


def wilson_interval(passed: int, n: int, *, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a pass rate: the one shown wherever items are independent.

    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), where p = passed / n and z is
    the normal quantile of (1 + level) / 2. It holds its level on average over all true rates, from
    a few items on, and has a width also where none or all passed: then its other end is
    z^2 / (n + z^2) away. Nothing seen (n = 0) excludes nothing: 0.0 to 1.0, as in the limit.
    By hand: 8 of 10, z = 1.96: (0.8 + 0.1921 +- 1.96 * 0.1601) / 1.3842 is 0.4902 to 0.9433.

    Raises:
        ValueError: `passed` is not between 0 and n, or the level not above 0 and below 1.
    Source: E. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA
    22, 1927; L. Brown, T. Cai, A. DasGupta, "Interval Estimation for a Binomial Proportion",
    Statistical Science 16, 2001, which recommends it for small n.
    """
    _check_counts(passed, n)
    z = critical_z(level)
    if n == 0:
        return Interval(0.0, 1.0, level)
    return score_interval(passed / n, n, critical=z, level=level)


def score_interval(rate: float, n: float, *, critical: float, level: float) -> Interval:
    """Wilson's interval for a rate out of n > 0 items, where n need not be whole.

    For `wilson_interval`, and where clusters make n items worth fewer, and `critical` a t.
    """
    squared = critical * critical / n
    centre = rate + squared / 2
    reach = math.sqrt(squared * (rate * (1 - rate) + squared / 4))
    low = 0.0 if rate == 0 else (centre - reach) / (1 + squared)
    high = 1.0 if rate == 1 else (centre + reach) / (1 + squared)
    return Interval(low, high, level)


def clopper_pearson_interval(passed: int, n: int, *, level: float = LEVEL) -> Interval:
    """The exact interval of a pass rate: it covers the truth at least as often as it says.

    From the alpha/2 quantile of Beta(passed, n - passed + 1) to the 1 - alpha/2 quantile of
    Beta(passed + 1, n - passed), where alpha = 1 - level; 0.0 where none passed, 1.0 where all did.
    Wider than Wilson's, often covering 98 % for 95 %: for where a promise must hold. Nothing seen
    (n = 0) excludes nothing. By hand: 0 of 10: the upper end is 1 - 0.025^(1/10) = 0.3085.

    Raises:
        ValueError: as `wilson_interval`.
    Source: C. Clopper, E. Pearson, "The Use of Confidence or Fiducial Limits", Biometrika 26, 1934.
    """
    _check_counts(passed, n)
    tail = tail_of(level)
    failed = n - passed
    low = beta_quantile(tail, passed, failed + 1) if passed else 0.0
    high = beta_quantile(1 - tail, passed + 1, failed) if failed else 1.0
    return Interval(low, high, level)


def _check_counts(passed: int, n: int) -> None:
    if not 0 <= passed <= n:
        raise ValueError(f"{passed} of {n} items cannot have passed.")
