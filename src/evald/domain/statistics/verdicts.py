"""The four words for how two runs compare, and the sentence that goes with each."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from evald.domain.statistics.comparisons import Comparison
from evald.domain.statistics.means import Method


class VerdictWord(StrEnum):
    """What can be said of a candidate against its baseline; a higher score counts as better."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    NO_DETECTABLE_CHANGE = "no_detectable_change"
    TOO_FEW_ITEMS = "too_few_items"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, and one sentence for people, with all numbers it rests on."""

    word: VerdictWord
    sentence: str


def fewest_units(level: float) -> int:
    """From how many items, or clusters, on a verdict can be other than "too few".

    The least n with 2^(1 - n) <= alpha, alpha = 1 - level: with fewer, not even a run that is
    better on every single one could be told from chance. By hand: 2^-5 is 0.0313
    and 2^-4 is 0.0625, so 6 for a level of 0.95.

    Raises:
        ValueError: the level is not above 0 and below 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"{level} is no level: it must be above 0 and below 1.")
    return math.ceil(1 - math.log2(1 - level))


def verdict_on(comparison: Comparison) -> Verdict:
    """What the comparison allows to say, from 6 items (or clusters) on at a level of 0.95.

    Improved or regressed where the p-value is at most alpha and the interval leaves out 0; both, so
    that no page shows a change beside an interval without one. Otherwise no change was detected,
    which is not "there is none": the sentence names the change that could have been seen.
    """
    word = _word(comparison)
    return Verdict(word, _sentence(comparison, word))


def _word(comparison: Comparison) -> VerdictWord:
    if comparison.units < fewest_units(comparison.level):
        return VerdictWord.TOO_FEW_ITEMS
    interval = comparison.interval
    unclear = comparison.p_value > 1 - comparison.level
    if unclear or (interval is not None and interval.covers(0.0)):
        return VerdictWord.NO_DETECTABLE_CHANGE
    return VerdictWord.IMPROVED if comparison.difference > 0 else VerdictWord.REGRESSED


def _sentence(comparison: Comparison, word: VerdictWord) -> str:
    size = _number(abs(comparison.difference), comparison)
    match word:
        case VerdictWord.IMPROVED:
            return f"Improved by {size}{_interval(comparison)}{_where(comparison)}."
        case VerdictWord.REGRESSED:
            return f"Regressed by {size}{_interval(comparison)}{_where(comparison)}."
        case VerdictWord.NO_DETECTABLE_CHANGE:
            sign = "−" if comparison.difference < 0 else "+"
            seen = f"{sign}{size}{_interval(comparison)}{_where(comparison)}"
            return f"No detectable change: {seen}{_detectable(comparison)}."
        case VerdictWord.TOO_FEW_ITEMS:
            return _too_few(comparison)
        case _:
            assert_never(word)


def _number(value: float, comparison: Comparison) -> str:
    if comparison.of_rates:
        return f"{100 * value:.1f} points"
    return f"{value:.3g}"


def _interval(comparison: Comparison) -> str:
    interval = comparison.interval
    if interval is None:
        return ""
    scale, digits = (100, ".1f") if comparison.of_rates else (1, ".3g")
    # Adding 0.0 makes a zero of -0.0.
    low, high = (
        f"{float(format(scale * end, digits)) + 0.0:{digits}}".replace("-", "−")
        for end in (interval.low, interval.high)
    )
    return f" ({100 * interval.level:g} %: {low} to {high})"


def _where(comparison: Comparison) -> str:
    counts = f"{comparison.won:,} better, {comparison.lost:,} worse, {comparison.tied:,} the same"
    return f" on {_units(comparison)}: {counts}"


def _units(comparison: Comparison) -> str:
    items = f"{comparison.n:,} items"
    if comparison.method is Method.CLUSTERED_T:
        return f"{items} in {comparison.units:,} clusters"
    return items


def _detectable(comparison: Comparison) -> str:
    if comparison.detectable is None:
        return ""
    size = _number(comparison.detectable, comparison)
    return f"; a change of {size} would have been seen 4 times in 5"


def _too_few(comparison: Comparison) -> str:
    kind = "clusters" if comparison.method is Method.CLUSTERED_T else "items"
    return (
        f"Too few {kind}: both runs have a verdict on {_units(comparison)}, and with fewer than "
        f"{fewest_units(comparison.level)} {kind} no outcome can be told from chance."
    )
