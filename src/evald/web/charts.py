"""Charts as geometry: where lines and points lie, and the words that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from evald.web import format as eyes

SPARK_WIDTH = 120
SPARK_HEIGHT = 20
TREND_WIDTH = 720
TREND_HEIGHT = 168
_MARGIN = 3
_LEFT = 56
_TOP = 8
_BOTTOM = 8


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a chart, in its own units, from its upper left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Spark:
    """A line as high as one of text: rates over time, from 0 at the bottom to 1 at the top."""

    width: int
    height: int
    points: str
    last: Dot
    words: str


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A rate and its interval, as shares of 1, and what it is the rate of."""

    label: str
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A rate of the trend with the ends of its error bar."""

    dot: Dot
    low_y: float
    high_y: float
    words: str


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line across the chart at a round rate."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Rates with error bars, from the oldest at the left to the newest at the right."""

    width: int
    height: int
    left: int
    points: str
    marks: Sequence[Mark]
    grid: Sequence[GridLine]
    words: str


def spark(rates: Sequence[float | None]) -> Spark | None:
    """The line of these rates, oldest first; None where fewer than two are known.

    A run without a rate is passed over.
    """
    known = [each for each in rates if each is not None]
    if len(known) < 2:
        return None
    step = (SPARK_WIDTH - 2 * _MARGIN) / (len(known) - 1)
    height = SPARK_HEIGHT - 2 * _MARGIN
    dots = [
        Dot(round(_MARGIN + step * at, 1), round(_MARGIN + height * (1 - each), 1))
        for at, each in enumerate(known)
    ]
    words = f"Rates of the last {len(known)} runs with a rate, oldest first: "
    words += ", ".join(eyes.percents(each) for each in known)
    return Spark(SPARK_WIDTH, SPARK_HEIGHT, _points(dots), dots[-1], words)


def trend(rates: Sequence[TrendPoint]) -> Trend | None:
    """The chart of these rates, oldest first; None where fewer than two are known."""
    if len(rates) < 2:
        return None
    step = (TREND_WIDTH - _LEFT - 2 * _MARGIN - 8) / (len(rates) - 1)
    marks = [
        Mark(
            dot=Dot(round(_LEFT + 8 + step * at, 1), _height(each.rate)),
            low_y=_height(each.low),
            high_y=_height(each.high),
            words=f"{each.label}: {eyes.percents(each.rate)} "
            f"(95 %: {eyes.interval(each.low, each.high)})",
        )
        for at, each in enumerate(rates)
    ]
    grid = [GridLine(_height(share), f"{100 * share:.0f} %") for share in (1.0, 0.5, 0.0)]
    first, last = rates[0], rates[-1]
    words = (
        f"Rates of {len(rates)} runs with their 95 % intervals, from {eyes.percents(first.rate)}"
    )
    words += f" of the oldest to {eyes.percents(last.rate)} of the newest; the table has them all."
    points = _points([each.dot for each in marks])
    return Trend(TREND_WIDTH, TREND_HEIGHT, _LEFT, points, marks, grid, words)


def _height(share: float) -> float:
    return round(_TOP + (TREND_HEIGHT - _TOP - _BOTTOM) * (1 - share), 1)


def _points(dots: Sequence[Dot]) -> str:
    return " ".join(f"{each.x},{each.y}" for each in dots)
