import json
from dataclasses import replace

import pytest
from pydantic import JsonValue

from evald.domain.exact_json import ExactFloat
from evald.ports.kept import StoredOutputItem
from evald.services.item_reports import (
    ItemDetail,
    ItemReport,
    criterion_names,
    detail_item,
    ran_apart,
    report_item,
)
from evald.wire.criteria import TestingCriterion
from evald.wire.graders import StringCheckGrader
from tests.support.kept_runs import (
    CORRECT,
    LIMITED,
    POLITE,
    RUN_ID,
    eval_named,
    item_of,
    three_items,
    verdict,
)

EVAL = eval_named("Tickets")


def told(item: StoredOutputItem) -> ItemReport:
    return report_item(item, criterion_names(EVAL))


def detail(item: StoredOutputItem) -> ItemDetail:
    return detail_item(item, EVAL, run_id=RUN_ID)


def judged(answer: str, **result: JsonValue) -> StoredOutputItem:
    """An item whose second criterion asked a model, which answered so."""
    call: JsonValue = {
        "input": [{"role": "user", "content": "How polite?"}],
        "output": [{"role": "assistant", "content": answer}],
        "model": "judge-x",
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 30, "completion_tokens": 6, "total_tokens": 36},
    }
    polite = {**verdict(POLITE, 0.5, passed=True), "sample": call, **result}
    return item_of(0, said={"content": "Hi"}, verdicts=[polite])


def test_an_item_is_told_with_its_input_output_and_verdicts() -> None:
    found = told(three_items()[1])

    assert (found.row, found.outcome, found.error) == (1, "fail", None)
    assert found.item == {"ticket": "The driver crashes.", "label": "Software", "priority": 2}
    assert found.said.text == "Hardware"
    assert [(each.criterion, each.outcome, each.score) for each in found.verdicts] == [
        ("Right category", "fail", 0.0),
        ("Polite", "pass", 0.5),
    ]


def test_an_item_without_a_sample_is_told_with_its_error() -> None:
    found = told(three_items()[2])

    assert (found.outcome, found.error, found.said.text) == ("error", LIMITED, "")
    assert [(each.outcome, each.error) for each in found.verdicts] == [("error", LIMITED)] * 2


def test_refusals_and_tool_calls_are_told() -> None:
    calls: JsonValue = [{"id": "call_1"}]

    found = told(item_of(0, said={"content": "", "refusal": "No.", "tool_calls": calls})).said

    assert (found.text, found.refusal, found.tool_calls) == ("", "No.", calls)


def test_a_verdict_of_an_unknown_criterion_is_told_by_its_id() -> None:
    found = told(item_of(0, verdicts=[verdict("gone-1", 1.0, passed=True)])).verdicts[0]

    assert (found.criterion, found.outcome) == ("gone-1", "pass")


def test_what_code_printed_and_how_it_failed_is_told() -> None:
    code = {**verdict(CORRECT, 0.0, passed=False), "failure": "ValueError: no", "stdout": "hm"}
    item = item_of(0, said={"content": "x"}, verdicts=[code])

    found = told(item).verdicts[0]

    assert (found.failure, found.printed, found.is_sandboxed) == ("ValueError: no", "hm", True)
    assert ran_apart([item])


def test_code_that_was_not_kept_apart_is_told() -> None:
    code = {**verdict(CORRECT, 1.0, passed=True), "sandboxed": False}
    item = item_of(0, said={"content": "x"}, verdicts=[code])

    assert not told(item).verdicts[0].is_sandboxed
    assert not ran_apart([item])


def test_numbers_of_an_item_stay_as_given() -> None:
    item = told(replace(item_of(0), item_json='{"price": 15.0}')).item

    assert isinstance(item, dict)
    assert isinstance(item["price"], ExactFloat)
    assert item["price"].text == "15.0"


def test_an_answer_nested_deeper_than_rows_may_be_is_read() -> None:
    deep: JsonValue = "end"
    for _ in range(300):
        deep = [deep]

    assert told(item_of(0, said={"tool_calls": deep})).said.tool_calls == deep


def test_the_steps_of_a_judging_model_are_its_reasons() -> None:
    steps = [
        {"description": "Greeting", "conclusion": "There is none."},
        {"description": "", "conclusion": "Friendly."},
        {"description": "", "conclusion": ""},
        "odd",
    ]

    found = detail(judged(json.dumps({"steps": steps, "result": 0.5}))).verdicts[0]

    assert found.reasons == ["Greeting: There is none.", "Friendly."]


@pytest.mark.parametrize("answer", ["", "Good.", "[1]", '{"steps": 3}', '{"result": 1}', "{"])
def test_any_other_answer_gives_no_reasons(answer: str) -> None:
    assert detail(judged(answer)).verdicts[0].reasons == []


def test_a_judging_model_is_told_with_all_that_was_said() -> None:
    found = detail(judged("Good.")).verdicts[0].conversation

    assert found is not None
    assert [(turn.role, turn.text) for turn in found.told] == [("user", "How polite?")]
    assert (found.model, found.said.text, found.finish_reason) == ("judge-x", "Good.", "stop")
    assert (found.prompt_tokens, found.completion_tokens) == (30, 6)


def test_how_long_a_judging_model_took_is_told_where_it_is_known() -> None:
    timed = judged("Good.")
    (result,) = json.loads(timed.results_json)
    result["sample"]["seconds"] = 1.5
    timed = replace(timed, results_json=json.dumps([result]))

    assert detail(timed).verdicts[0].verdict.seconds == 1.5
    assert detail(judged("Good.")).verdicts[0].verdict.seconds is None


@pytest.mark.parametrize("seconds", [0.0, 0.25])
def test_how_long_code_took_is_told_and_nothing_else(seconds: float) -> None:
    code = {**verdict(CORRECT, 1.0, passed=True), "seconds": seconds}

    found = detail(item_of(0, said={"content": "x"}, verdicts=[code])).verdicts[0]

    assert (found.verdict.seconds, found.details) == (seconds, None)


@pytest.mark.parametrize(
    ("extra", "seconds"), [({"seconds": 2}, 2.0), ({}, None), ({"seconds": "soon"}, None)]
)
def test_how_long_the_answer_took_is_told_where_it_is_known(
    extra: dict[str, JsonValue], seconds: float | None
) -> None:
    """An item that was imported may say anything."""
    item = item_of(0, said={"content": "Hi"})
    timed = replace(item, sample_json=json.dumps({**json.loads(item.sample_json), **extra}))

    found = detail(timed).asked

    assert found is not None
    assert found.seconds == seconds


def test_what_else_a_grader_tells_is_kept() -> None:
    assert detail(judged("Good.", scores={"a": 0.5})).verdicts[0].details == {"scores": {"a": 0.5}}
    assert detail(judged("Good.")).verdicts[0].details is None


def test_the_reference_is_what_graders_hold_an_answer_against() -> None:
    found = detail(three_items()[0]).references

    assert [(each.source, each.text) for each in found] == [("{{ item.label }}", "Hardware")]


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ({"ideal": "Paris"}, [("item.ideal", "Paris")]),
        ({"expected": "a", "ideal": "b"}, [("item.expected", "a")]),
        ({"reference": 5}, []),
        ("text", []),
    ],
)
def test_else_it_is_the_field_that_is_called_so(
    item: JsonValue, found: list[tuple[str, str]]
) -> None:
    references = detail(item_of(0, item=item)).references

    assert [(each.source, each.text) for each in references] == found


def test_a_reference_that_is_no_items_is_none() -> None:
    grader = EVAL.testing_criteria[0].grader
    assert isinstance(grader, StringCheckGrader)
    fixed = [
        TestingCriterion(id=f"c-{at}", grader=grader.model_copy(update={"reference": text}))
        for at, text in enumerate(["yes", "{{ sample.output_text }}", "{{ item.gone }}"])
    ]
    an_eval = EVAL.model_copy(update={"testing_criteria": fixed})

    assert detail_item(item_of(0, item={"a": 1}), an_eval, run_id=RUN_ID).references == []


def test_the_whole_of_an_item_is_its_json_in_the_api() -> None:
    raw = json.loads(detail(three_items()[0]).raw)

    assert (raw["object"], raw["run_id"], raw["datasource_item_id"]) == (
        "eval.run.output_item",
        RUN_ID,
        0,
    )
