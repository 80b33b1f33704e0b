from dataclasses import replace
from typing import Any

import pytest

from evald.domain.tally import Tally
from evald.services.report_memory import ReportMemory
from evald.wire.reports import RunReport
from tests.support.kept_runs import run_named

REPORT = RunReport.model_construct(run_id="evalrun_1")
RUN = run_named("One", tally=Tally(passed=3))


def test_a_report_is_remembered_of_the_run_as_it_is() -> None:
    memory = ReportMemory()
    memory.keep(RUN, REPORT)

    assert memory.recall(RUN) is REPORT


@pytest.mark.parametrize(
    "change",
    [{"chance": 1}, {"status": "completed"}, {"tally": Tally(passed=4)}, {"has_verdicts": False}],
)
def test_nothing_is_remembered_of_a_run_that_changed(change: dict[str, Any]) -> None:
    memory = ReportMemory()
    memory.keep(RUN, REPORT)

    assert memory.recall(replace(RUN, **change)) is None


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    memory = ReportMemory(most=2)
    runs = [replace(RUN, id=f"evalrun_{number}") for number in range(3)]
    memory.keep(runs[0], REPORT)
    memory.keep(runs[1], REPORT)
    memory.recall(runs[0])
    memory.keep(runs[2], REPORT)

    assert [memory.recall(run) is REPORT for run in runs] == [True, False, True]
