from collections.abc import Sequence

import pytest
from pydantic import JsonValue

from evald.domain.statistics.rates import pass_rate
from evald.services.error_reasons import ErrorReasons
from evald.services.item_reports import ItemReport, Said, Verdict
from evald.services.reports import RunReport, Setup
from evald.services.run_reports import reported_rate
from evald.web.item_list import LINE_CHARS, ItemLine, item_cells, item_table, line_of, output_of
from evald.web.links import links_under
from evald.web.run_address import RunAddress
from evald.wire.criteria import TestingCriterion
from evald.wire.errors import ApiError
from evald.wire.evals import Eval
from evald.wire.output_items import OutputItemStatus
from evald.wire.reports import RunReport as RunNumbers
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    LIMITED,
    POLITE,
    RUN_ID,
    eval_named,
    run_named,
)

LINKS = links_under("http://evald.test")
SETUP = Setup("jsonl", "file_content", None, [], None, None)
NUMBERS = RunNumbers.model_construct(rate=reported_rate(pass_rate(1, 0, errored=0)))
SHOWN = RunAddress(EVAL_ID, RUN_ID)


def report_of(an_eval: Eval) -> RunReport:
    errors = ErrorReasons([], 0, 0)
    return RunReport(an_eval, run_named("One"), NUMBERS, errors, SETUP, is_sandboxed=True)


REPORT = report_of(eval_named("Tickets"))


def item_told(
    item: JsonValue = None,
    *,
    said: Said | None = None,
    verdicts: Sequence[Verdict] = (),
    error: ApiError | None = None,
) -> ItemReport:
    outcome: OutputItemStatus = "error" if error else "pass"
    return ItemReport("outputitem_1", 7, outcome, item, said or Said(), list(verdicts), error)


def line(item: ItemReport, shown: RunAddress = SHOWN) -> ItemLine:
    return item_table(REPORT, [item], shown, LINKS).lines[0]


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"ticket": "My  mouse\nis dead.", "n": 5}, "ticket: My mouse is dead. · n: 5"),
        ({"ticket": "My mouse"}, "My mouse"),
        ({"a": {"b": [1]}}, '{"b":[1]}'),
        ({}, ""),
        ("text", "text"),
        (None, "null"),
    ],
)
def test_an_item_stands_on_one_line(item: JsonValue, text: str) -> None:
    assert line_of(item) == text


def test_a_long_item_is_cut() -> None:
    found = line_of({"a": "x" * 10_000_000, "b": 1})

    assert (len(found), found[-1]) == (LINE_CHARS, "…")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (Said(text="Hi", refusal="No."), "Hi"),
        (Said(refusal="No."), "No."),
        (Said(tool_calls=[{"id": "c"}]), '[{"id":"c"}]'),
        (Said(), ""),
    ],
)
def test_what_a_model_said_is_its_text_or_else_its_refusal_or_calls(said: Said, text: str) -> None:
    assert output_of(item_told(said=said)) == text


def test_a_score_is_shown_where_it_says_more_than_the_verdict() -> None:
    found = line(
        item_told(
            verdicts=[
                Verdict(POLITE, "Polite", "pass", 0.5, None),
                Verdict(CORRECT, "Right category", "fail", 0.0, None),
            ]
        )
    )

    assert [(each.sign.word if each.sign else "", each.score) for each in found.cells] == [
        ("failed", ""),
        ("passed", "0.500"),
    ]


def test_a_criterion_that_said_nothing_has_an_empty_cell() -> None:
    assert [each.sign for each in line(item_told()).cells] == [None, None]


def test_an_error_stands_in_the_line() -> None:
    found = line(item_told(error=LIMITED))

    assert (found.problem, found.is_failure) == ("rate_limit_exceeded: Too many requests.", True)


@pytest.mark.parametrize("named", ["7", "outputitem_1"])
def test_the_item_that_is_open_leads_to_its_page_and_others_open(named: str) -> None:
    opened = line(item_told(), RunAddress(EVAL_ID, RUN_ID, item=named))
    other = line(item_told(), RunAddress(EVAL_ID, RUN_ID, item="8"))

    assert (opened.is_open, other.is_open) == (True, False)
    assert opened.href == f"/evaluations/{EVAL_ID}/items/outputitem_1?run_id={RUN_ID}"
    assert other.href == f"/evaluations/{EVAL_ID}?run_id={RUN_ID}&item=7#items"


def test_of_many_criteria_the_first_have_columns_and_the_one_that_is_filtered_by() -> None:
    grader = eval_named("Tickets").testing_criteria[0].grader
    criteria = [
        TestingCriterion(id=f"c-{n}", grader=grader.model_copy(update={"name": f"C {n}"}))
        for n in range(7)
    ]
    report = report_of(eval_named("T").model_copy(update={"testing_criteria": criteria}))

    table = item_table(report, [], RunAddress(EVAL_ID, RUN_ID, criterion="C 6"), LINKS)

    assert [each.id for each in table.criteria] == ["c-0", "c-1", "c-2", "c-6"]
    assert table.left_out == 3


def test_csv_has_whole_texts_and_every_verdict() -> None:
    verdicts = [Verdict(POLITE, "Polite", "error", 0.0, LIMITED)]

    table = item_cells(REPORT, [item_told({"a": "x" * 500}, verdicts=verdicts)])

    assert table.columns[-2:] == ["Polite outcome", "Polite score"]
    assert table.rows[0][3] == {"a": "x" * 500}
    assert table.rows[0][-4:] == [None, None, "error", None]
