"""Planning: how many items a change needs to be seen, and what change so many items can show."""

import math
from dataclasses import dataclass

from evald.domain.statistics.distributions import normal_quantile, t_quantile
from evald.domain.statistics.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Aim:
    """How sure a comparison shall be.

    `alpha`: how often a change is seen where there is none. `power`: how often a change as large as
    planned for is seen. Source: the 0.05 and 0.8 of custom (J. Cohen, 1988).
    """

    alpha: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        """Refuses what is no aim: to be wrong, or to miss, more often than not."""
        if not 0 < self.alpha < 0.5 <= self.power < 1:
            raise ValueError(
                f"Alpha {self.alpha} must be below 0.5, power {self.power} at least that."
            )


@dataclass(frozen=True, slots=True)
class Repeated:
    """One run: the variance of scores within an item (sigma^2), and how often each was asked."""

    variance: float
    repeats: int = 1


USUAL = Aim()


def difference_variance(between: float, *, candidate: Repeated, baseline: Repeated) -> float:
    """The variance of one item's difference: w^2 + s_A^2 / K_A + s_B^2 / K_B.

    w^2 is the variance over items of the difference of an item's two true means, s^2 the variance
    of a run within an item, K how often it was asked. By hand: w^2 = 1/9, s_A^2 = s_B^2 = 1/6 and
    K = 1: 4/9; with K = 2: 5/18.

    Raises:
        ValueError: a variance is below 0, or there is no repeat.
    Source: Miller, arXiv:2411.00640, on power analysis.
    """
    runs = (candidate, baseline)
    if between < 0 or any(run.variance < 0 or run.repeats < 1 for run in runs):
        raise ValueError("A variance cannot be below 0, and an item is asked at least once.")
    return between + sum(run.variance / run.repeats for run in runs)


def items_needed(effect: float, variance: float, *, aim: Aim = USUAL) -> int:
    """How many items let a mean difference of this size be seen: (z_a + z_b)^2 variance / effect^2.

    z_a and z_b are the normal quantiles of 1 - alpha/2 and of the power; the variance is that of
    one item's difference. By hand: 0.03 with a variance of 1/9: 7.8489 / 9 / 0.0009 = 968.99, so
    969 items.

    Raises:
        ValueError: the effect is 0, or the variance below 0.
    Source: Miller, arXiv:2411.00640, on power analysis.
    """
    if effect == 0 or variance < 0:
        raise ValueError("No number of items shows a change of 0, and no variance is below 0.")
    return max(1, math.ceil(_z_sum(aim) ** 2 * variance / effect**2))


def smallest_difference(n: int, variance: float, *, aim: Aim = USUAL) -> float:
    """The mean difference that n items let be seen: (z_a + z_b) sqrt(variance / n).

    The other way around of `items_needed`. By hand: 120 items with a variance of 1/9:
    2.8016 * sqrt(1 / 1080) = 0.0852.

    Raises:
        ValueError: there are no items, or the variance is below 0.
    Source: Miller, arXiv:2411.00640, on power analysis.
    """
    if n < 1 or variance < 0:
        raise ValueError("Without items no change can be seen, and no variance is below 0.")
    return _z_sum(aim) * math.sqrt(variance / n)


def seen_smallest_difference(estimate: Estimate, *, aim: Aim = USUAL) -> float | None:
    """The mean difference that a comparison could have seen: (t_(1 - alpha/2) + t_power) SE.

    t at the degrees of freedom of the estimate: as `smallest_difference`, and honest about few
    items. None without a standard error, or where it is 0.0: no two items differed. By hand: SE
    0.7071 with 4 degrees of freedom: (2.7764 + 0.9410) * 0.7071 = 2.6286.

    Source: H. Bloom, "Minimum Detectable Effects", Evaluation Review 19, 1995.
    """
    if not estimate.standard_error:
        return None
    freedom = estimate.degrees_of_freedom
    reach = t_quantile(1 - aim.alpha / 2, freedom) + t_quantile(aim.power, freedom)
    return reach * estimate.standard_error


def items_needed_paired(effect: float, discordance: float, *, aim: Aim = USUAL) -> int:
    """How many items in both runs let a change of the pass rate be seen.

    n = ((z_a sqrt(q) + z_b sqrt(q - effect^2)) / effect)^2, where q is the share of items on which
    the runs differ. A rate cannot change by more than q, so a q below the effect counts as the
    effect. By hand: 0.1 with q = 0.2: ((1.95996 * 0.44721 + 0.84162 * 0.43589) / 0.1)^2 = 154.6,
    so 155 items.

    Raises:
        ValueError: the effect is 0 or beyond 1.0, or the discordance not between 0 and 1.
    Source: R. Connor, "Sample Size for Testing Differences in Proportions for the Paired-Sample
    Design", Biometrics 43, 1987; O. Miettinen, "The matched pairs design in the case of all-or-none
    responses", Biometrics 24, 1968.
    """
    _check_discordance(discordance)
    effect = abs(effect)
    if not 0 < effect <= 1:
        raise ValueError(f"A pass rate cannot change by {effect}: above 0 and up to 1 it can.")
    share = max(discordance, effect)
    reach = _z_alpha(aim) * math.sqrt(share) + _z_power(aim) * math.sqrt(share - effect**2)
    return math.ceil((reach / effect) ** 2)


def smallest_paired_difference(n: int, discordance: float, *, aim: Aim = USUAL) -> float:
    """The change of the pass rate that n items in both runs let be seen; at most 1.0.

    The other way around of `items_needed_paired`: with q the share of items that differ,
    sqrt(q) (z_a sqrt(n) + z_b sqrt(n - z_a^2 + z_b^2)) / (n + z_b^2). Where that is above q, the
    runs could not have differed so much on so few: then all that differ are taken to be on one
    side, so q is the effect itself, 1 - u^2 with u = (sqrt(n (n + z_b^2 - z_a^2)) - z_a z_b) /
    (n + z_b^2). So runs that differ nowhere (q = 0) do not promise that any change would have been
    seen. By hand: 155 items and q = 0.2: 0.0999; 120 items and q = 0: u = 0.9674, so 0.0641.

    Raises:
        ValueError: there are no items, or the discordance is not between 0 and 1.
    Source: solved from Connor 1987.
    """
    _check_discordance(discordance)
    if n < 1:
        raise ValueError("Without items no change can be seen.")
    z_a, z_b = _z_alpha(aim), _z_power(aim)
    rest = n + z_b**2 - z_a**2
    if n < z_a**2 or rest <= 0:
        return 1.0  # not even a change of all of them would be told from chance
    whole = n + z_b**2
    effect = math.sqrt(discordance) * (z_a * math.sqrt(n) + z_b * math.sqrt(rest)) / whole
    if 0 < effect <= discordance:
        return effect
    one_sided = (math.sqrt(n * rest) - z_a * z_b) / whole
    return 1 - max(0.0, one_sided) ** 2


def _z_alpha(aim: Aim) -> float:
    return normal_quantile(1 - aim.alpha / 2)


def _z_power(aim: Aim) -> float:
    return normal_quantile(aim.power)


def _z_sum(aim: Aim) -> float:
    return _z_alpha(aim) + _z_power(aim)


def _check_discordance(discordance: float) -> None:
    if not 0 <= discordance <= 1:
        raise ValueError(f"{discordance} is no share of items: it must be between 0 and 1.")
