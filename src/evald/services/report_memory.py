"""Reports of runs, kept for as long as their runs are as they were."""

from collections import OrderedDict

from evald.ports.kept import StoredRun
from evald.wire.reports import RunReport

MOST_REPORTS = 64
"""So many runs are remembered, some ten kilobytes each."""

_Key = tuple[str, int, str, int, bool]


class ReportMemory:
    """The reports of a process that were asked for last: losing one costs summing it up anew."""

    def __init__(self, *, most: int = MOST_REPORTS) -> None:
        """Begins empty."""
        self._most = most
        self._reports: OrderedDict[_Key, RunReport] = OrderedDict()

    def recall(self, run: StoredRun) -> RunReport | None:
        """The report of the run as it is now; None where it is not remembered."""
        report = self._reports.get(_key(run))
        if report is not None:
            self._reports.move_to_end(_key(run))
        return report

    def keep(self, run: StoredRun, report: RunReport) -> None:
        """The report is remembered; the one that was asked for longest ago is forgotten."""
        self._reports[_key(run)] = report
        while len(self._reports) > self._most:
            self._reports.popitem(last=False)


def _key(run: StoredRun) -> _Key:
    return run.id, run.chance, run.status, run.tally.total, run.has_verdicts
