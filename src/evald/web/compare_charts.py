"""Charts of a comparison as geometry: differences with intervals, and scores by scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.score_tables import BINS
from evald.web import format as eyes
from evald.wire.comparisons import ComparedScores, Finding

AXIS_WIDTH = 360
AXIS_HEIGHT = 44
SMALL_WIDTH = 160
SMALL_HEIGHT = 20
_EDGE = 8
_LINE = 14

SCATTER_SIZE = 240
_MARGIN = 4

_REACHES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Where an axis may end."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A difference on an axis with 0 in its middle; `low` and `high` are None without interval."""

    width: int
    height: int
    line: int
    zero: float
    at: float
    low: float | None
    high: float | None
    ends: Sequence[str]
    words: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Items by both their scores, as squares on a grid: the larger, the more items are there."""

    size: int
    path: str
    low: str
    high: str
    words: str


def reach_of(findings: Sequence[Finding | None]) -> float:
    """How far an axis goes to either side, so that all these differences of rates fit on it."""
    ends = [abs(end) for each in findings if each is not None for end in _ends(each)]
    return next(reach for reach in _REACHES if reach >= max(ends, default=1.0))


def axis(finding: Finding, words: str, *, reach: float, is_small: bool = False) -> Axis:
    """The difference drawn, with its interval.

    Args:
        finding: the difference.
        words: what the drawing says.
        reach: from 0 to either end.
        is_small: for a row of a table; without numbers at its ends then.
    """
    width = SMALL_WIDTH if is_small else AXIS_WIDTH
    interval = finding.interval
    end = f"{100 * reach:g} points"

    def along(value: float) -> float:
        share = max(-1.0, min(1.0, value / reach))
        return round(width / 2 + share * (width / 2 - _EDGE), 1)

    return Axis(
        width=width,
        height=SMALL_HEIGHT if is_small else AXIS_HEIGHT,
        line=SMALL_HEIGHT // 2 if is_small else _LINE,
        zero=along(0.0),
        at=along(finding.difference),
        low=None if interval is None else along(interval.low),
        high=None if interval is None else along(interval.high),
        ends=() if is_small else (f"−{end}", "0", f"+{end}"),
        words=words,
    )


def scatter(scores: ComparedScores) -> Scatter | None:
    """The items of two runs by both their scores, the baseline's to the right; at most 400 squares.

    None of more runs, or where no item has a score in both.
    """
    if not scores.pairs:
        return None
    most = max(count for _, _, count in scores.pairs)
    step = (SCATTER_SIZE - 2 * _MARGIN) / BINS
    path = "".join([_square(*pair, step=step, most=most) for pair in scores.pairs])
    total = sum(count for _, _, count in scores.pairs)
    above = sum(count for one, other, count in scores.pairs if other > one)
    below = sum(count for one, other, count in scores.pairs if other < one)
    words = (
        f"{eyes.counted(total, 'item')} by their scores, {BINS} by {BINS} bins: "
        f"{eyes.number(above)} lie higher in B, {eyes.number(below)} higher in A, "
        f"{eyes.number(total - above - below)} in the same bin."
    )
    return Scatter(SCATTER_SIZE, path, f"{scores.low:.3g}", f"{scores.high:.3g}", words)


def _ends(finding: Finding) -> Sequence[float]:
    interval = finding.interval
    if interval is None:
        return [finding.difference]
    return [finding.difference, interval.low, interval.high]


def _square(one: int, other: int, count: int, *, step: float, most: int) -> str:
    # Its area goes with the count; one item among thousands is still to be seen.
    side = max(2.0, step * math.sqrt(count / most))
    x = _MARGIN + (one + 0.5) * step - side / 2
    y = SCATTER_SIZE - _MARGIN - (other + 0.5) * step - side / 2
    return f"M{x:.1f} {y:.1f}h{side:.1f}v{side:.1f}h-{side:.1f}z"
