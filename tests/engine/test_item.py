"""One row's way: whatever happens to it, it comes out as one output item."""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest
from pydantic import JsonValue

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import ScriptedModel
from evald.domain.tally import CriterionCount, Usage
from evald.engine.context import EngineContext
from evald.engine.item import dead_row, work_row
from evald.engine.run_in_hand import JSONL_WINDOW, RunInHand
from evald.ports.kept import Rows, StoredOutputItem, StoredRun
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from evald.wire.criteria import TestingCriterion
from evald.wire.evals import Eval
from evald.wire.graders import Grader, StringCheckGrader
from tests.support.model_graders import score_grader

SCHEMA: JsonValue = {"properties": {"q": {"pattern": "^(?:a|a(?=a)|a)*b|"}}}
COMPLETIONS: dict[str, JsonValue] = {
    "type": "completions",
    "model": "m",
    "input_messages": {
        "type": "template",
        "template": [{"role": "user", "content": "{{ item.q }}"}],
    },
    "source": {"type": "file_content", "content": []},
}
JSONL: dict[str, JsonValue] = {
    "type": "jsonl",
    "source": {"type": "file_content", "content": []},
}


SAME = StringCheckGrader(
    type="string_check",
    name="capital",
    input="{{sample.output_text}}",
    reference="{{item.a}}",
    operation="eq",
)
WORTH = score_grader(model="g", input=[{"role": "user", "content": "{{ item.q }}"}])


def in_hand(
    context: EngineContext,
    source: dict[str, JsonValue] = COMPLETIONS,
    *,
    graders: Sequence[Grader] = (SAME,),
) -> RunInHand:
    an_eval = Eval.model_construct(
        id="eval_1",
        created_at=1,
        name="e",
        metadata={},
        data_source_config={"type": "custom", "schema": {"properties": {"item": SCHEMA}}},
        testing_criteria=[
            TestingCriterion(id=f"capital-{number}", grader=grader)
            for number, grader in enumerate(graders, start=1)
        ],
    )
    run = StoredRun(
        id="evalrun_1",
        project_id="proj_default",
        eval_id="eval_1",
        created_at=1,
        status="in_progress",
        name="r",
        model="m",
        metadata={},
        data_source=source,
        rows=Rows("blob_1", inline=True),
    )
    return RunInHand(context, run, an_eval)


def row(**item: str) -> bytes:
    return json.dumps({"item": item}).encode()


def error_of(item: StoredOutputItem) -> JsonValue:
    code: JsonValue = json.loads(item.sample_json)["error"]["code"]
    return code


async def test_a_right_answer_passes(context: EngineContext) -> None:
    item = await work_row(in_hand(context), 3, row(q="Capital of France?", a="Paris"))

    assert (item.row, item.status) == (3, "pass")
    assert item.tally.criteria == {"capital-1": CriterionCount(passed=1)}
    assert json.loads(item.results_json) == [
        {"name": "capital-1", "sample": None, "passed": True, "score": 1.0}
    ]


async def test_a_wrong_answer_fails(context: EngineContext) -> None:
    item = await work_row(in_hand(context), 0, row(q="Capital of Italy?", a="Rome"))

    assert item.status == "fail"
    assert item.tally.criteria == {"capital-1": CriterionCount(failed=1)}


async def test_a_variable_that_is_not_there_errs_the_criterion_by_name(
    context: EngineContext,
) -> None:
    item = await work_row(in_hand(context), 0, row(q="?"))

    assert item.status == "error"
    assert json.loads(item.sample_json)["error"] is None
    assert "item.a" in json.loads(item.results_json)[0]["error"]["message"]
    assert item.tally.criteria == {"capital-1": CriterionCount(errored=1)}


async def test_a_failed_call_errs_the_item_with_the_providers_words(context: EngineContext) -> None:
    failure = ModelFailure(FailureKind.REFUSED, "content_filter", "Not this.", status=400)
    refusing = replace(context, model=ScriptedModel(lambda _: failure, SystemClock()))

    item = await work_row(in_hand(refusing), 0, row(q="?", a="x"))

    assert item.status == "error"
    assert json.loads(item.sample_json)["error"] == {
        "code": "content_filter",
        "message": "Not this.",
    }


async def test_a_mistake_of_ours_errs_the_row_and_nothing_else(
    context: EngineContext, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> str:
        message = "a mistake"
        raise RuntimeError(message)

    item = await work_row(
        in_hand(replace(context, model=ScriptedModel(broken, SystemClock()))), 7, row(q="?", a="x")
    )

    assert (item.row, item.status, error_of(item)) == (7, "error", "internal_error")
    assert "a mistake" in caplog.text
    assert "a mistake" not in item.sample_json


async def test_a_row_that_takes_too_long_is_errored(context: EngineContext) -> None:
    class Never:
        async def ask(self, request: object) -> ModelFailure:
            await asyncio.Event().wait()
            raise AssertionError

    slow = replace(context, model=Never(), item_timeout_s=-1.0)

    item = await work_row(in_hand(slow), 0, row(q="?", a="x"))

    assert error_of(item) == "item_timeout"


async def test_a_pattern_that_runs_out_of_steps_is_the_items_error(context: EngineContext) -> None:
    item = await work_row(in_hand(context), 0, row(q="a" * 60, a="x"))

    assert error_of(item) == "item_schema_undecided"


async def test_a_line_that_is_no_row_is_errored_and_not_lost(context: EngineContext) -> None:
    item = await work_row(in_hand(context), 5, b'{"item": 1}')

    assert (item.row, item.status, error_of(item)) == (5, "error", "invalid_data_source")


async def test_a_row_over_which_the_process_died_keeps_its_item(context: EngineContext) -> None:
    item = dead_row(in_hand(context), 2, row(q="boom"))

    assert error_of(item) == "internal_error"
    assert json.loads(item.item_json) == {"q": "boom"}
    assert item.tally.errored == 1


async def test_what_graders_used_counts_by_model_and_apart(context: EngineContext) -> None:
    usage: JsonValue = {"prompt_tokens": 7, "completion_tokens": 2}
    choice: JsonValue = {"message": {"content": '{"steps": [], "result": 1}'}}

    def say(request: ModelRequest) -> ModelAnswer:
        is_sample = "response_format" not in request.body
        model = "m-2026" if is_sample and request.model == "m" else "g-2026"
        return ModelAnswer({"model": model, "usage": usage, "choices": [choice]}, 0.1)

    asking = replace(context, model=ScriptedModel(say, SystemClock()))

    item = await work_row(in_hand(asking, graders=[WORTH, WORTH]), 0, row(q="?", a="x"))

    used = Usage(1, 7, 2, 9)
    assert item.tally.usage == {"m-2026": used, "g-2026": used + used}
    assert item.tally.grader_usage == {"g-2026": used + used}


@pytest.mark.parametrize(
    ("source", "graders", "models"),
    [
        (COMPLETIONS, [SAME], {"m"}),
        (COMPLETIONS, [SAME, WORTH], {"m", "g"}),
        (JSONL, [WORTH], {"g"}),
    ],
)
def test_the_window_keeps_the_providers_of_graders_busy_too(
    context: EngineContext, source: dict[str, JsonValue], graders: list[Grader], models: set[str]
) -> None:
    asked: list[set[str]] = []

    def concurrency_of(names: Collection[str]) -> int:
        asked.append(set(names))
        return 10 * len(names)

    run = in_hand(replace(context, concurrency_of=concurrency_of), source, graders=graders)

    assert asked == [models]
    assert run.window_rows == 20 * len(models)


def test_without_a_model_the_window_is_fixed(context: EngineContext) -> None:
    assert in_hand(context, JSONL).window_rows == JSONL_WINDOW


async def test_a_jsonl_row_is_graded_as_it_came(context: EngineContext) -> None:
    text = b'{"item": {"a": "Rome"}, "sample": {"output_text": "Rome"}}'

    item = await work_row(in_hand(context, JSONL), 0, text)

    assert item.status == "pass"
    assert item.tally.usage == {}
