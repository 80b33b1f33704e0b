from typing import Any

import pytest

from evald.domain.statistics.rates import pass_rate
from evald.domain.tally import Tally
from evald.services.error_reasons import ErrorReason, ErrorReasons
from evald.services.reports import RunReport, Setup
from evald.services.run_reports import reported_rate
from evald.web.links import links_under
from evald.web.run_address import RunAddress
from evald.web.run_figures import (
    choices,
    criterion_lines,
    error_lines,
    progress_of,
    state_of,
    tab_title,
)
from evald.wire.reports import ReportedCriterion, ReportedScores, ScoreBin
from evald.wire.reports import RunReport as RunNumbers
from tests.support.kept_runs import CORRECT, EVAL_ID, NOW, POLITE, RUN_ID, eval_named, run_named

LINKS = links_under("http://evald.test")
SETUP = Setup("jsonl", "file_content", None, [], None, None)
TALLY = Tally(passed=10, failed=4, errored=2)
SHOWN = RunAddress(EVAL_ID, RUN_ID)


def report_of(*reasons: ErrorReason, name: str = "One", **run: Any) -> RunReport:
    scores = ReportedScores(
        n=14,
        mean=0.5,
        standard_error=None,
        interval=None,
        lowest=0.5,
        highest=0.5,
        histogram=[ScoreBin(low=0.5, high=0.5, count=14)],
    )
    rate = reported_rate(pass_rate(TALLY.passed, TALLY.failed, errored=TALLY.errored))
    kept = run_named(name, tally=TALLY, **run)
    numbers = RunNumbers.model_construct(
        status=kept.status,
        rate=rate,
        criteria=[
            ReportedCriterion(
                id=CORRECT, name="Right category", type="string_check", rate=rate, scores=scores
            ),
            ReportedCriterion(
                id=POLITE, name="Polite", type="score_model", rate=rate, scores=scores
            ),
        ],
    )
    errors = ErrorReasons(list(reasons), len(reasons), len(reasons))
    return RunReport(eval_named("Tickets"), kept, numbers, errors, SETUP, is_sandboxed=True)


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({"status": "queued"}, "Queued: work on it has not begun."),
        ({"status": "in_progress"}, "In progress: its rows are being counted."),
        (
            {"status": "in_progress", "planned_rows": 2_000},
            "In progress: 16 rows of 2,000 done.",
        ),
        (
            {"status": "completed", "planned_rows": 16, "ended_at": NOW + 75},
            "Completed after 1 min 15 s, with 16 rows done.",
        ),
        ({"status": "failed", "ended_at": NOW}, "Failed after less than 1 s, with 16 rows done."),
        (
            {"status": "canceled", "planned_rows": 20, "ended_at": NOW + 2},
            "Canceled after 2 s, with 16 rows of 20 done.",
        ),
        ({"status": "canceled"}, "Canceled, with 16 rows done."),
        (
            {"status": "completed", "imported": {}},
            "Imported as its source last showed it: completed, with 16 rows done.",
        ),
    ],
)
def test_how_far_a_run_is_stands_in_a_sentence(run: dict[str, Any], sentence: str) -> None:
    assert state_of(report_of(**run)) == sentence


@pytest.mark.parametrize(
    ("run", "title"),
    [
        ({"status": "in_progress", "planned_rows": 64}, "25.0 % · One"),
        ({"status": "in_progress", "planned_rows": None}, "One"),
        ({"status": "completed", "planned_rows": 16}, "One"),
        ({"status": "completed", "name": ""}, RUN_ID),
    ],
)
def test_the_tab_tells_how_far_a_run_in_progress_is(run: dict[str, Any], title: str) -> None:
    assert tab_title(report_of(**run)) == title


@pytest.mark.parametrize(
    ("run", "percents", "pace"),
    [
        (
            {"planned_rows": 64, "started_at": NOW - 8},
            "25.0 %",
            "2.0 rows a second so far; at that pace 24 s left",
        ),
        ({"planned_rows": 64, "started_at": NOW}, "25.0 %", ""),
        ({"planned_rows": None, "started_at": None}, "", ""),
    ],
)
def test_a_run_under_way_tells_its_pace_once_it_has_one(
    run: dict[str, Any], percents: str, pace: str
) -> None:
    progress = progress_of(report_of(status="in_progress", **run), now=NOW)

    assert progress is not None
    assert (progress.done, progress.percents, progress.pace) == (16, percents, pace)


def test_a_run_that_has_ended_has_no_progress() -> None:
    assert progress_of(report_of(status="completed"), now=NOW) is None


def test_each_outcome_can_be_chosen_and_a_choice_begins_at_the_first_item() -> None:
    shown = RunAddress(EVAL_ID, RUN_ID, "fail", after="3~~0", item="7", text="mouse")

    found = choices(report_of(), shown, LINKS)

    assert [(each.label, each.count, each.is_current) for each in found] == [
        ("all", 16, False),
        ("passed", 10, False),
        ("failed", 4, True),
        ("errored", 2, False),
    ]
    assert [each.href.partition(RUN_ID)[2] for each in found] == [
        "&text=mouse#items",
        "&status=pass&text=mouse#items",
        "&status=fail&text=mouse#items",
        "&status=error&text=mouse#items",
    ]


def test_a_criterion_leads_to_the_items_that_it_failed() -> None:
    line = criterion_lines(report_of(), SHOWN, LINKS)[0]

    assert (line.rate.passed, line.failed, line.rate.errored) == (10, 4, 2)
    assert line.failed_href.endswith(f"&criterion={CORRECT.replace(' ', '+')}&outcome=fail#items")


def test_scores_are_told_where_they_say_more_than_the_verdict() -> None:
    plain, scored = criterion_lines(report_of(), SHOWN, LINKS)

    assert (plain.mean, plain.bins) == (None, [])
    assert scored.mean is not None
    assert (scored.mean.value, scored.mean.words) == ("0.500", "14 scores; no interval")
    assert [each.count for each in scored.bins] == [14]


def test_an_error_leads_to_the_first_item_that_has_it() -> None:
    of_sample = ErrorReason("timeout", "Slow.", None, "", 3, 7)
    of_grade = ErrorReason("grader_refused", "No.", POLITE, "Polite", 1, 9)

    hrefs = [each.href for each in error_lines(report_of(of_sample, of_grade), SHOWN, LINKS)]

    assert hrefs[0].endswith("&status=error&item=7#items")
    assert hrefs[1].endswith("&outcome=error&item=9#items")
