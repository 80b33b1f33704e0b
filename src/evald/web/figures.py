"""Figures that pages show, as values: a pass rate with its interval, how a run stands."""

from dataclasses import dataclass

from evald.domain.statistics.rates import pass_rate
from evald.wire.runs import RunStatus


@dataclass(frozen=True, slots=True)
class Rated:
    """A pass rate: `passed` of `graded` items, with Wilson's interval; both are shares of 1.

    `graded` are the items with a verdict. `errored` have none, and are not in the rate, which is
    None where nothing has a verdict; then there is no interval either.
    """

    passed: int
    graded: int
    errored: int
    rate: float | None
    low: float | None
    high: float | None
    level: float


@dataclass(frozen=True, slots=True)
class RunSign:
    """How a run's status is shown: a glyph and a word; colour is for outcomes alone."""

    glyph: str
    word: str
    style: str


def rated(passed: int, failed: int, *, errored: int) -> Rated:
    """The rate of these counts."""
    graded = pass_rate(passed, failed, errored=errored).graded
    is_known = graded.n > 0
    return Rated(
        passed=passed,
        graded=graded.n,
        errored=errored,
        rate=graded.value,
        low=graded.interval.low if is_known else None,
        high=graded.interval.high if is_known else None,
        level=graded.interval.level,
    )


RUN_SIGNS: dict[RunStatus, RunSign] = {
    "queued": RunSign("○", "queued", "waits"),
    "in_progress": RunSign("◐", "in progress", "works"),
    "completed": RunSign("●", "completed", "done"),
    "canceled": RunSign("⊘", "canceled", "stopped"),
    "failed": RunSign("!", "failed", "broken"),
}


def run_sign(status: RunStatus) -> RunSign:
    """The sign of a run in this status; an imported run may have one that only its source knew."""
    return RUN_SIGNS.get(status) or RunSign("·", status.replace("_", " "), "waits")
