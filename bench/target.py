"""What the server is to reach: for each measure what it must, what it is stretched to, and how.

The figures are the aims of the project. CPU is that of all processes of the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

REFERENCE_FLOOR_MS = 0.18
"""CPU ms a row of the floor on the machine that the targets were set on."""


@dataclass(frozen=True, slots=True)
class Target:
    """A measure with its unit, and the two figures that it is held to."""

    measure: str
    must: float
    stretch: float
    unit: str = ""
    more: bool = False  # whether more is better

    def met(self, value: float) -> Literal["stretch", "must", "NO"]:
        """The harder of the two figures that this one reaches; reaching is being as good."""
        if self._reaches(value, self.stretch):
            return "stretch"
        return "must" if self._reaches(value, self.must) else "NO"

    def _reaches(self, value: float, figure: float) -> bool:
        return value >= figure if self.more else value <= figure


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and what a reader must know beside; no value: it was not."""

    value: float | None
    note: str = ""


SCALED = f" … at a floor of {REFERENCE_FLOOR_MS} ms"
"""The ending of a measure whose figure is scaled to the machine that the targets were set on."""

TARGETS: Mapping[str, Target] = {
    "cpu": Target("CPU a row, exact match", 0.8, 0.4, "ms"),
    "cpu_scaled": Target(SCALED, 0.8, 0.4, "ms"),
    "rate": Target("rows/s of one process", 1_000, 2_500, more=True),
    "workers": Target("two workers against one", 1.9, 1.97, "x", more=True),
    "judged": Target("CPU a row, one model grader more", 1.6, 0.7, "ms"),
    "judged_scaled": Target(SCALED, 1.6, 0.7, "ms"),
    "texts": Target("CPU a row, ROUGE-L and BLEU more", 1.1, 0.6, "ms"),
    "texts_scaled": Target(SCALED, 1.1, 0.6, "ms"),
    "ideal_100": Target("share of the ideal, 200 ms, C = 100", 0.92, 0.97, more=True),
    "ideal_100_answers": Target(" … first request to last answer", 0.92, 0.97, more=True),
    "ideal_500": Target("share of the ideal, 200 ms, C = 500", 0.60, 0.90, more=True),
    "ideal_500_answers": Target(" … first request to last answer", 0.60, 0.90, more=True),
    "ten": Target("a 10-row run, POST to completed", 0.25, 0.1, "s"),
    "healthz": Target("/healthz after start", 1.5, 0.8, "s"),
    "readyz": Target("/readyz after start", 3.5, 2.5, "s"),
    "rss_idle": Target("RSS idle", 130, 110, "MB"),
    "rss_rows": Target("RSS after 10,000 rows", 160, 130, "MB"),
    "rss_peak": Target(" … its peak during them", 160, 130, "MB"),
    "rss_large": Target("RSS after 1,000,000 rows", 300, 150, "MB"),
    "idle_sqlite": Target("CPU idle, SQLite", 2, 1, "%"),
    "idle_postgresql": Target("CPU idle, PostgreSQL", 3, 2, "%"),
    "paid_twice": Target("kill -9: paid twice beyond in flight", 0.1, 0.05, "s"),
    "resumed": Target("resume to first new request", 2, 0.5, "s"),
    "page": Target("page of 100 output items", 10, 5, "ms"),
    "run": Target("run object with counters", 5, 2, "ms"),
    "export": Target("export of 10,000 rows, streamed", 2, 1, "s"),
    "export_rss": Target(" … what the server grows by", 30, 30, "MB"),
    "export_pages": Target(" … as pages, plain HTTP", 2, 1, "s"),
    "export_openai": Target(" … as pages, official client", 2, 1, "s"),
    "disk": Target("disk per 1,000 rows of 1.1 KB", 3, 1.5, "MB"),
}


def table(found: Mapping[str, Figure]) -> str:
    """Every target in a line, with what was found of it; a dash where nothing was."""
    heading = f"{'measure':<38} {'measured':>11} {'must':>7} {'stretch':>8}  {'met':<8}"
    lines = [line(TARGETS[name], found.get(name, Figure(None))) for name in TARGETS]
    return "\n".join([heading.rstrip(), *lines])


def line(target: Target, figure: Figure) -> str:
    """A line of the table."""
    known = figure.value is not None
    measured = f"{shown(figure.value)} {target.unit}".strip() if known else "–"
    met = target.met(figure.value) if figure.value is not None else "–"
    held = f"{target.must:>7,g} {target.stretch:>8,g}"
    return f"{target.measure:<38} {measured:>11} {held}  {met:<8} {figure.note}".rstrip()


def shown(value: float | None) -> str:
    """Three digits that count, and no fraction of what is large."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
