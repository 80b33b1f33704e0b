"""Bars as geometry: a rate with its interval, and the scores of a run in bins."""

from collections.abc import Sequence
from dataclasses import dataclass

from evald.web import format as eyes
from evald.web.figures import Rated

BAR_WIDTH = 120
BAR_HEIGHT = 20
_EDGE = 4

HISTOGRAM_WIDTH = 320
HISTOGRAM_HEIGHT = 96
_FLOOR = 80
_TOP = 4


@dataclass(frozen=True, slots=True)
class RateBar:
    """A rate on an axis from 0 at the left to 1 at the right, with the ends of its interval."""

    width: int
    height: int
    begin: float
    end: float
    full: float
    low: float
    high: float
    words: str


@dataclass(frozen=True, slots=True)
class Column:
    """A bin of a histogram, in the units of its chart, from the upper left corner."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many scores lie between two."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Columns over an axis from the lowest to the highest score."""

    width: int
    height: int
    floor: int
    columns: Sequence[Column]
    low: str
    high: str
    words: str


def rate_bar(rated: Rated) -> RateBar | None:
    """The bar of this rate; None where there is none."""
    if rated.rate is None or rated.low is None or rated.high is None:
        return None
    words = (
        f"{eyes.percents(rated.rate)}, 95 % interval {eyes.interval(rated.low, rated.high)} percent"
    )
    return RateBar(
        width=BAR_WIDTH,
        height=BAR_HEIGHT,
        begin=_EDGE,
        end=_along(rated.rate),
        full=_along(1.0),
        low=_along(rated.low),
        high=_along(rated.high),
        words=words,
    )


def histogram(bins: Sequence[Counted]) -> Histogram | None:
    """The histogram of these bins, lowest first; None where there are none."""
    if not bins:
        return None
    most = max(each.count for each in bins)
    step = HISTOGRAM_WIDTH / len(bins)
    columns = []
    for place, each in enumerate(bins):
        # One score among thousands is still to be seen.
        share = each.count / most if most else 0.0
        height = max(2.0 if each.count else 0.0, round((_FLOOR - _TOP) * share, 1))
        words = f"{eyes.score(each.low)} to {eyes.score(each.high)}: {eyes.number(each.count)}"
        x, y = round(place * step + 1, 1), round(_FLOOR - height, 1)
        columns.append(Column(x, y, round(step - 2, 1), height, words))
    low, high = eyes.score(bins[0].low), eyes.score(bins[-1].high)
    total = sum(each.count for each in bins)
    fullest = max(bins, key=lambda each: each.count)
    words = (
        f"{eyes.counted(total, 'score')} from {low} to {high}, most of them, "
        f"{eyes.number(fullest.count)}, from {eyes.score(fullest.low)} to "
        f"{eyes.score(fullest.high)}"
    )
    return Histogram(HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT, _FLOOR, columns, low, high, words)


def _along(share: float) -> float:
    return round(_EDGE + (BAR_WIDTH - 2 * _EDGE) * share, 1)
