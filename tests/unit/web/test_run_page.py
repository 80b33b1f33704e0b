from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import JsonValue

from evald.domain.tally import CriterionCount, Tally
from evald.services.reports import (
    CriterionReport,
    ItemReport,
    RunReport,
    Said,
    Setup,
    Verdict,
)
from evald.web.links import RunAddress, links_under
from evald.web.run_page import (
    MAX_FIELDS,
    ItemRow,
    filters,
    item_rows,
    state_of,
    steps,
    tab_title,
)
from evald.wire.errors import ApiError
from evald.wire.output_items import OutputItemStatus
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    LIMITED,
    NOW,
    POLITE,
    RUN_ID,
    eval_named,
    run_named,
)

LINKS = links_under("http://evald.test")
SETUP = Setup("jsonl", "file_content", None, [], None, None)
TALLY = Tally(passed=10, failed=4, errored=2)
CRITERIA = [
    CriterionReport(CORRECT, "Right category", "string_check", CriterionCount()),
    CriterionReport(POLITE, "Polite", "score_model", CriterionCount()),
]


def report_of(*items: ItemReport, has_more: bool = False, **run: Any) -> RunReport:
    return RunReport(
        eval_named("Tickets"), run_named("One", **run), CRITERIA, SETUP, list(items), has_more
    )


def item_told(
    item: JsonValue = None,
    *,
    said: Said | None = None,
    verdicts: Sequence[Verdict] = (),
    error: ApiError | None = None,
) -> ItemReport:
    outcome: OutputItemStatus = "error" if error else "pass"
    return ItemReport("outputitem_1", 7, outcome, item, said or Said(), list(verdicts), error)


def row_of(item: ItemReport) -> ItemRow:
    return item_rows(report_of(item))[0]


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
            {"status": "canceled", "ended_at": NOW + 2},
            "Canceled after 2 s, with 16 rows done.",
        ),
        ({"status": "canceled"}, "Canceled, with 16 rows done."),
    ],
)
def test_how_far_a_run_is_stands_in_a_sentence(run: dict[str, Any], sentence: str) -> None:
    assert state_of(report_of(tally=TALLY, **run)) == sentence


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
    values = {"tally": TALLY, "name": "One", **run}
    name = values.pop("name")
    report = RunReport(
        eval_named("Tickets"), run_named(str(name), **values), CRITERIA, SETUP, [], has_more=False
    )

    assert tab_title(report) == title


def test_each_outcome_can_be_chosen_and_a_choice_begins_at_the_first_item() -> None:
    shown = RunAddress(EVAL_ID, RUN_ID, "fail", after="outputitem_9")

    choices = filters(report_of(tally=TALLY), shown, LINKS)

    assert [(each.label, each.count, each.is_current) for each in choices] == [
        ("all", 16, False),
        ("passed", 10, False),
        ("failed", 4, True),
        ("errored", 2, False),
    ]
    assert [each.href.partition(RUN_ID)[2] for each in choices] == [
        "",
        "&status=pass",
        "&status=fail",
        "&status=error",
    ]


def test_steps_keep_what_was_chosen() -> None:
    shown = RunAddress(EVAL_ID, RUN_ID, "pass", after="outputitem_0", is_still=True)

    found = steps(report_of(item_told(), has_more=True), shown, LINKS)

    here = f"/evaluations/{EVAL_ID}?run_id={RUN_ID}&status=pass"
    assert found.first == f"{here}&refresh=off"
    assert found.next == f"{here}&after=outputitem_1&refresh=off"
    assert found.moving == f"{here}&after=outputitem_0"
    assert steps(report_of(), shown, LINKS).next is None


def test_each_field_of_an_item_is_shown_under_its_name() -> None:
    row = row_of(item_told({"text": "Hello\nthere", "labels": ["a", 1.5]}))

    assert [(part.label, part.text.shown) for part in row.fields] == [
        ("text", "Hello\nthere"),
        ("labels", '["a",1.5]'),
    ]


def test_an_item_with_many_fields_says_how_many_are_left_out() -> None:
    row = row_of(item_told({f"field_{number}": number for number in range(MAX_FIELDS + 3)}))

    assert (len(row.fields), row.left_out) == (MAX_FIELDS, 3)


def test_an_item_that_is_no_object_is_shown_as_it_is() -> None:
    row = row_of(item_told(["a", "b"]))

    assert [(part.label, part.text.shown) for part in row.fields] == [("item", '["a","b"]')]


def test_all_that_a_model_said_is_shown() -> None:
    row = row_of(item_told(said=Said("Yes.", "No.", [{"id": "call_1"}])))

    assert [(part.label, part.text.shown) for part in row.output] == [
        ("output_text", "Yes."),
        ("refusal", "No."),
        ("tool_calls", '[{"id":"call_1"}]'),
    ]


def test_a_score_is_shown_where_it_says_more_than_the_verdict() -> None:
    verdicts = [
        Verdict(CORRECT, "Right category", "pass", 1.0, None),
        Verdict(POLITE, "Polite", "pass", 0.75, None),
        Verdict(POLITE, "Polite", "error", 0.0, LIMITED),
    ]

    lines = row_of(item_told(verdicts=verdicts)).verdicts

    assert [(line.sign.word, line.score) for line in lines] == [
        ("passed", ""),
        ("passed", "0.750"),
        ("errored", ""),
    ]


def test_what_code_did_is_shown_beside_its_verdict() -> None:
    verdicts = [
        Verdict(POLITE, "Polite", "fail", 0.0, None, failure="ValueError: no", printed="hm"),
        Verdict(POLITE, "Polite", "pass", 1.0, None, is_sandboxed=False),
    ]

    failed, free = row_of(item_told(verdicts=verdicts)).verdicts

    assert failed.problem is not None
    assert failed.problem.shown == "ValueError: no"
    assert [(note.label, note.text.shown) for note in failed.notes] == [("printed", "hm")]
    assert [note.label for note in free.notes] == ["not sandboxed"]


def test_an_error_that_all_criteria_share_is_told_once() -> None:
    other = ApiError(code="unknown_variable", message="No 'item.x'.")
    verdicts = [
        Verdict(CORRECT, "Right category", "error", 0.0, LIMITED),
        Verdict(POLITE, "Polite", "error", 0.0, other),
    ]

    row = row_of(item_told(verdicts=verdicts, error=LIMITED))

    problems = [line.problem and line.problem.shown for line in row.verdicts]
    assert row.problem is not None
    assert row.problem.shown == "rate_limit_exceeded: Too many requests."
    assert problems == [None, "unknown_variable: No 'item.x'."]


def test_a_row_says_where_the_whole_of_it_is() -> None:
    row = row_of(item_told())

    assert row.api_path == f"/v1/evals/{EVAL_ID}/runs/{RUN_ID}/output_items/outputitem_1"
