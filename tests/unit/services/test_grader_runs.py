"""One grader on one sample, and what is said of it.

Requests, the fields of the answer and the names of the flags are documented ("Graders" guide,
OpenAPI document); when a flag stands, and what happens in time, is ours.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from pydantic import JsonValue

from evald.adapters.clock import SystemClock
from evald.adapters.sandbox.refusing import NoSandbox
from evald.domain import exact_json
from evald.domain.errors import InvalidValue, SandboxUnavailable
from evald.domain.tally import Usage
from evald.graders.grade import FAIL, PASS, Fault, Grade, errored
from evald.graders.tools import GraderTools
from evald.ports.clock import Clock
from evald.ports.embeddings import Embedder, Embeddings
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest
from evald.ports.sandbox import Sandbox
from evald.services.context import Context
from evald.services.grader_runs import (
    GRADING_S,
    RETRIES_S,
    run_grader,
    run_of_grade,
    validate_grader,
)
from evald.wire.grader_runs import (
    GraderErrors,
    GraderRun,
    RunGraderRequest,
    ValidateGraderRequest,
)
from tests.support.grading import grader_tools
from tests.support.kept_runs import StillClock
from tests.support.model_graders import SNAPSHOT, chat, result, scripted
from tests.support.similarity import ListedVectors
from tests.support.virtual_time import LoopClock, run_in_virtual_time

CHECK: dict[str, JsonValue] = {
    "type": "string_check",
    "name": "Same",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.wanted }}",
    "operation": "eq",
}
ALIKE: dict[str, JsonValue] = {
    "type": "text_similarity",
    "name": "Alike",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.wanted }}",
    "evaluation_metric": "fuzzy_match",
}
SCORE: dict[str, JsonValue] = {
    "type": "score_model",
    "name": "Closeness",
    "model": "o4-mini",
    "input": [{"role": "user", "content": "{{ item.wanted }} or {{ sample.output_text }}?"}],
}


NO_SANDBOX = NoSandbox("This kernel is too old.")


@dataclass(frozen=True, slots=True)
class _Around:
    """As much of a context as grader runs look at."""

    clock: Clock
    model: ModelClient
    embedder: Embedder | None
    sandbox: Sandbox = NO_SANDBOX

    def grader_tools(self, deadline: float) -> GraderTools:
        return replace(grader_tools(model=self.model, embedder=self.embedder), deadline=deadline)


async def run_of(
    grader: dict[str, JsonValue],
    said: str = "yes",
    *,
    item: JsonValue = None,
    model: ModelClient | None = None,
    clock: Clock | None = None,
    embedder: Embedder | None = None,
) -> GraderRun:
    request = RunGraderRequest.model_validate(
        {"grader": grader, "model_sample": said, "item": item}
    )
    around = _Around(clock or SystemClock(), model or scripted(), embedder)
    return await run_grader(cast("Context", around), "project", request)


def flags_of(run: GraderRun) -> list[str]:
    """The flags that stand, and the details that are there."""
    return [name for name, value in run.metadata.errors.model_dump().items() if value]


async def test_the_whole_answer_for_a_model_grader() -> None:
    """Documented, all of its fields; that the error is told in words is ours."""
    run = await run_of(SCORE, "4", item={"wanted": "four"}, model=scripted(chat(result(0.75))))

    body = run.model_dump()
    seconds = body["metadata"].pop("execution_time")
    assert 0 < seconds < 10
    tokens = {"prompt_tokens": 7, "total_tokens": 9, "completion_tokens": 2, "cached_tokens": 3}
    assert body == {
        "reward": 0.75,
        "metadata": {
            "name": "Closeness",
            "type": "score_model",
            "errors": {
                "formula_parse_error": False,
                "sample_parse_error": False,
                "truncated_observation_error": False,
                "unresponsive_reward_error": False,
                "invalid_variable_error": False,
                "other_error": False,
                "python_grader_server_error": False,
                "python_grader_server_error_type": None,
                "python_grader_runtime_error": False,
                "python_grader_runtime_error_details": None,
                "model_grader_server_error": False,
                "model_grader_refusal_error": False,
                "model_grader_parse_error": False,
                "model_grader_server_error_details": None,
            },
            "scores": {},
            "token_usage": tokens,
            "sampled_model_name": SNAPSHOT,
            "error": None,
        },
        "sub_rewards": {},
        "model_grader_token_usage_per_model": {SNAPSHOT: tokens},
    }


async def test_a_model_that_did_not_answer_was_not_sampled() -> None:
    run = await run_of(SCORE, item={"wanted": ""}, model=scripted(FAILURE))

    assert run.metadata.sampled_model_name is None
    assert run.metadata.token_usage is None


async def test_a_grader_that_asks_nobody_has_no_usage() -> None:
    run = await run_of(CHECK, "yes", item={"wanted": "yes"})

    assert run.reward == 1.0
    assert run.metadata.token_usage is None
    assert run.metadata.sampled_model_name is None
    assert run.model_grader_token_usage_per_model == {}
    assert run.sub_rewards == {}


MULTI: dict[str, JsonValue] = {
    "type": "multi",
    "name": "Both",
    "graders": {"same": CHECK, "close": SCORE},
    "calculate_output": "0.5 * same + 0.5 * close",
}


async def test_a_multi_shows_the_rewards_it_is_made_of() -> None:
    """That both places have the scores is ours: no example of a multi's answer is published."""
    run = await run_of(MULTI, "four", item={"wanted": "four"}, model=scripted(chat(result(0.5))))

    assert run.reward == 0.75
    assert run.sub_rewards == run.metadata.scores == {"same": 1.0, "close": 0.5}
    assert run.metadata.sampled_model_name == SNAPSHOT
    assert list(run.model_grader_token_usage_per_model) == [SNAPSHOT]


def errored_with(fault: Fault) -> Grade:
    return errored("some_code", "Some words.", fault=fault)


@pytest.mark.parametrize(
    ("fault", "details"),
    [
        (Fault.FORMULA, {}),
        (Fault.SAMPLE, {}),
        (Fault.TRUNCATED, {}),
        (Fault.UNRESPONSIVE, {}),
        (Fault.VARIABLE, {}),
        (Fault.OTHER, {}),
        (Fault.PYTHON_SERVER, {"python_grader_server_error_type": "some_code"}),
        (Fault.MODEL_SERVER, {"model_grader_server_error_details": "Some words."}),
        (Fault.MODEL_REFUSAL, {}),
        (Fault.MODEL_PARSE, {}),
    ],
)
def test_each_fault_is_one_flag(fault: Fault, details: dict[str, str]) -> None:
    request = ValidateGraderRequest.model_validate({"grader": CHECK})

    run = run_of_grade(request.grader, errored_with(fault), seconds=0.5)

    assert run.reward == 0.0
    assert flags_of(run) == [
        name for name in GraderErrors.model_fields if name in {fault, *details}
    ]
    assert run.metadata.errors == GraderErrors.model_validate({fault.value: True, **details})
    assert run.metadata.error is not None
    assert run.metadata.error.model_dump() == {"code": "some_code", "message": "Some words."}


def test_code_that_raised_tells_how_and_has_no_reward() -> None:
    """Documented: the flag, its details, and a score of 0 for code that raises."""
    request = ValidateGraderRequest.model_validate({"grader": CHECK})
    raised = replace(FAIL, fault=Fault.PYTHON_RUNTIME, details={"failure": "KeyError: 'x'"})

    run = run_of_grade(request.grader, raised, seconds=0.5)

    assert (run.reward, run.metadata.error) == (0.0, None)
    assert run.metadata.errors == GraderErrors(
        python_grader_runtime_error=True,
        python_grader_runtime_error_details="KeyError: 'x'",
    )


def test_the_faults_of_all_graders_inside_of_a_multi_are_told() -> None:
    request = ValidateGraderRequest.model_validate({"grader": MULTI})
    parts = {
        "same": replace(FAIL, fault=Fault.MODEL_PARSE),
        "close": errored_with(Fault.MODEL_SERVER),
    }
    whole = replace(errored_with(Fault.MODEL_SERVER), parts=parts)

    run = run_of_grade(request.grader, whole, seconds=0.5)

    assert flags_of(run) == [
        "model_grader_server_error",
        "model_grader_parse_error",
        "model_grader_server_error_details",
    ]


def test_of_several_models_none_is_the_sampled_one_and_their_tokens_are_added() -> None:
    request = ValidateGraderRequest.model_validate({"grader": MULTI})
    one = Grade(1.0, passed=True, sample={"model": "m"}, usage={"m": Usage(1, 1, 2, 3, 0)})
    other = Grade(1.0, passed=True, sample={"model": "n"}, usage={"n": Usage(1, 10, 20, 30, 5)})
    whole = replace(PASS, parts={"a": one, "b": other}, usage={**one.usage, **other.usage})

    run = run_of_grade(request.grader, whole, seconds=0.5)

    assert run.metadata.sampled_model_name is None
    assert run.metadata.token_usage is not None
    assert run.metadata.token_usage.total_tokens == 33
    assert [each.total_tokens for each in run.model_grader_token_usage_per_model.values()] == [
        3,
        30,
    ]


FAILURE = ModelFailure(FailureKind.TIMEOUT, "timeout", "No answer in 600 s.")


@pytest.mark.parametrize(
    ("grader", "item", "answers", "flags"),
    [
        (CHECK, None, [], ["invalid_variable_error"]),
        (CHECK, {"other": 1}, [], ["invalid_variable_error"]),
        ({**CHECK, "input": "{{ foo.x }}"}, {"wanted": ""}, [], ["invalid_variable_error"]),
        ({**MULTI, "calculate_output": "same +"}, {"wanted": ""}, [], ["formula_parse_error"]),
        ({**MULTI, "calculate_output": "x"}, {"wanted": ""}, [], ["formula_parse_error"]),
        (
            {**MULTI, "graders": {"a": CHECK}, "calculate_output": "1 / a"},
            {"wanted": ""},
            [],
            ["other_error"],
        ),
        (
            SCORE,
            {"wanted": ""},
            [FAILURE],
            ["model_grader_server_error", "model_grader_server_error_details"],
        ),
        (
            SCORE,
            {"wanted": ""},
            [chat(None, refusal="No."), chat(None, refusal="No.")],
            ["model_grader_refusal_error"],
        ),
        (SCORE, {"wanted": ""}, [chat("Hm."), chat("Hm.")], ["model_grader_parse_error"]),
        (SCORE, {"wanted": ""}, [chat(result("high"))], ["model_grader_parse_error"]),
        (MULTI, None, [], ["invalid_variable_error"]),
        (
            MULTI,
            {"wanted": ""},
            [FAILURE],
            ["model_grader_server_error", "model_grader_server_error_details"],
        ),
    ],
)
async def test_what_goes_wrong_while_grading_is_a_flag_and_no_reward(
    grader: dict[str, JsonValue], item: JsonValue, answers: list[Any], flags: list[str]
) -> None:
    run = await run_of(grader, item=item, model=scripted(*answers))

    assert (run.reward, flags_of(run)) == (0.0, flags)


@pytest.mark.parametrize(
    ("said", "template", "filled"),
    [
        ("plain", "{{ sample.output_text }}", "plain"),
        ('{"a": [1.0]}', "{{ sample.output_json.a }}", "[1.0]"),
        ("0.90", "{{ sample.output_json }}", "0.90"),  # any JSON, as the document has it
        ('"quoted"', "{{ sample.output_json }}", "quoted"),
        ("plain", "{{ sample.choices[0].message.content }}", "plain"),
        ("plain", "{{ sample.choices[0].message.role }}", "assistant"),
        ("plain", "{{ sample.output_tools }}", "[]"),
    ],
)
async def test_what_a_template_can_name_of_a_sample(said: str, template: str, filled: str) -> None:
    run = await run_of({**CHECK, "input": template}, said, item={"wanted": filled})

    assert run.reward == 1.0


async def test_output_that_is_no_json_has_no_output_json() -> None:
    run = await run_of({**CHECK, "input": "{{ sample.output_json }}"}, "a", item={"wanted": "a"})

    assert flags_of(run) == ["invalid_variable_error"]
    assert run.metadata.error is not None
    assert "'sample.output_json'" in run.metadata.error.message


async def test_numbers_of_an_item_keep_their_text() -> None:
    item = exact_json.parse('{"wanted": 1.0}')

    assert (await run_of(CHECK, "1.0", item=item)).reward == 1.0
    assert (await run_of(CHECK, "1", item=item)).reward == 0.0


async def test_a_picture_and_a_recording_reach_the_model() -> None:
    """The documented requests of both kinds, written anew."""
    image: JsonValue = {
        "type": "input_image",
        "image_url": "https://example.com/{{ item.picture }}",
        "file_id": None,
        "detail": "high",
    }
    audio: JsonValue = {
        "type": "input_audio",
        "input_audio": {"data": "{{ item.clip }}", "format": "mp3"},
    }
    text: JsonValue = {"type": "input_text", "text": "Does it say {{ sample.output_text }}?"}
    grader: dict[str, JsonValue] = {
        **SCORE,
        "input": [{"role": "user", "content": [text, image, audio]}],
        "sampling_params": {"temperature": 0.2, "top_p": 1, "seed": 123},
    }
    model = scripted(chat(result(1)))

    run = await run_of(grader, "hello", item={"picture": "a.png", "clip": "SUQz"}, model=model)

    assert run.reward == 1.0
    (asked,) = model.asked
    assert asked.body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Does it say hello?"},
                {
                    "type": "image_url",
                    "image_url": {"url": "https://example.com/a.png", "detail": "high"},
                },
                {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
            ],
        }
    ]
    assert (asked.body["temperature"], asked.body["seed"]) == (0.2, 123)


async def test_a_model_is_not_tried_again_after_half_a_minute() -> None:
    model, clock = scripted(chat(result(1))), StillClock()

    await run_of(SCORE, item={"wanted": ""}, model=model, clock=clock)

    (asked,) = model.asked
    assert asked.retry_until - clock.monotonic() == RETRIES_S == 30.0
    assert asked.deadline - clock.monotonic() == GRADING_S > RETRIES_S


class _Hearing(ListedVectors):
    """Vectors from a list; it keeps until when they are wanted."""

    wanted_until = 0.0

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Embeddings | ModelFailure:
        self.wanted_until = deadline
        return await super().embed(texts, deadline=deadline)


async def test_embeddings_are_not_waited_for_longer() -> None:
    grader: dict[str, JsonValue] = {**ALIKE, "evaluation_metric": "cosine"}
    embedder, clock = _Hearing({"yes": [1.0, 0.0], "no": [0.0, 1.0]}), StillClock()

    run = await run_of(grader, item={"wanted": "no"}, clock=clock, embedder=embedder)

    assert (run.reward, flags_of(run)) == (0.0, [])
    assert embedder.wanted_until - clock.monotonic() == RETRIES_S


async def test_the_documented_name_and_email_are_combined() -> None:
    """The guide's example, written anew: similarity of one field, sameness of another.

    By hand: the names are the same but for case and a dot, which `fuzzy_match` passes over, so they
    score 1; the mail addresses differ and score 0; half of 1 is 0.5.
    """
    name = {**ALIKE, "input": "{{sample.output_json.name}}", "reference": "{{item.name}}"}
    mail = {**CHECK, "input": "{{sample.output_json.mail}}", "reference": "{{item.mail}}"}
    grader: dict[str, JsonValue] = {
        "type": "multi",
        "graders": {"name": {**name, "pass_threshold": 0.9}, "mail": mail},
        "calculate_output": "(name + mail) / 2",
    }
    said = '{"name": "ada Lovelace.", "mail": "ada@example.com"}'

    run = await run_of(grader, said, item={"name": "Ada Lovelace", "mail": "a@example.com"})

    assert (run.reward, run.sub_rewards) == (0.5, {"name": 1.0, "mail": 0.0})


class _Silent:
    """A model that never answers, whatever the deadline."""

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


def test_a_grader_that_never_ends_is_unresponsive() -> None:
    run = run_in_virtual_time(
        run_of(SCORE, item={"wanted": ""}, model=_Silent(), clock=LoopClock())
    )

    assert (run.reward, flags_of(run)) == (0.0, ["unresponsive_reward_error"])
    assert run.metadata.execution_time == GRADING_S


async def test_a_label_model_can_be_run_too() -> None:
    """Ours: the document's list of graders lacks it here, and has it inside of a multi."""
    grader: dict[str, JsonValue] = {
        **SCORE,
        "type": "label_model",
        "labels": ["good", "bad"],
        "passing_labels": ["good"],
    }

    run = await run_of(grader, item={"wanted": ""}, model=scripted(chat(result("good"))))

    assert run.reward == 1.0


def nameless(grader: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in grader.items() if key != "name"}


async def test_a_name_may_be_missing() -> None:
    """Documented by an example that has none; what it is called then is ours."""
    run = await run_of(nameless(CHECK), item={"wanted": "yes"})

    assert (run.reward, run.metadata.name) == (1.0, "string_check")


@pytest.mark.parametrize(
    ("graders", "formula"),
    [
        ({"a": nameless(CHECK)}, "a"),
        ([nameless(CHECK)], "string_check"),
        (nameless(CHECK), "string_check"),
        (nameless(CHECK), "string_check_score"),
        ({"type": nameless(CHECK)}, "type"),
    ],
)
async def test_names_inside_of_a_multi_may_be_missing(graders: JsonValue, formula: str) -> None:
    grader = {**nameless(MULTI), "graders": graders, "calculate_output": formula}

    run = await run_of(grader, item={"wanted": "yes"})

    assert (run.reward, run.metadata.name) == (1.0, "multi")


def test_names_that_were_missing_come_back() -> None:
    """Ours: a grader in a map is called by its key, any other by its type."""
    nested = {**nameless(MULTI), "graders": {"a": nameless(CHECK)}, "calculate_output": "a"}

    valid = validate_grader(ValidateGraderRequest.model_validate({"grader": nested}))

    dumped = valid.model_dump(exclude_unset=True)["grader"]
    assert (dumped["name"], dumped["graders"]["a"]["name"]) == ("multi", "a")


LABELS: dict[str, JsonValue] = {
    **SCORE,
    "type": "label_model",
    "labels": ["good"],
    "passing_labels": ["fine"],
}
UNSOUND: list[tuple[dict[str, JsonValue], str]] = [
    (LABELS, "grader.passing_labels"),
    ({**SCORE, "range": [2.0, 1.0]}, "grader.range"),
    ({**MULTI, "graders": {"a b": LABELS}}, "grader.graders['a b'].passing_labels"),
    ({**MULTI, "graders": [CHECK, CHECK]}, "grader.graders[1].name"),
]
VALIDATED: list[tuple[dict[str, JsonValue], str]] = [
    ({**CHECK, "input": "{{ foo.x }}"}, "grader.input"),
    ({**MULTI, "calculate_output": "same +"}, "grader.calculate_output"),
    ({**MULTI, "calculate_output": "x"}, "grader.calculate_output"),
    ({**SCORE, "pass_threshold": 2.0}, "grader.pass_threshold"),
]


@pytest.mark.parametrize("form", ["python", "multi"])
async def test_code_is_not_run_where_none_may(form: str) -> None:
    code: dict[str, JsonValue] = {"type": "python", "source": "def grade(sample, item): return 1"}
    whole: dict[str, JsonValue] = {**MULTI, "graders": {"a": code}}

    with pytest.raises(SandboxUnavailable, match="This kernel is too old") as caught:
        await run_of(code if form == "python" else whole)

    assert caught.value.param == "grader.type"


@pytest.mark.parametrize(("grader", "param"), UNSOUND)
async def test_an_unsound_grader_is_not_run(grader: dict[str, JsonValue], param: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        await run_of(grader)

    assert caught.value.param == param


@pytest.mark.parametrize(("grader", "param"), [*UNSOUND, *VALIDATED])
def test_an_unsound_grader_is_not_valid(grader: dict[str, JsonValue], param: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        validate_grader(ValidateGraderRequest.model_validate({"grader": grader}))

    assert caught.value.param == param


@pytest.mark.parametrize("grader", [CHECK, MULTI])
def test_a_valid_grader_comes_back_as_it_was_given(grader: dict[str, JsonValue]) -> None:
    valid = validate_grader(ValidateGraderRequest.model_validate({"grader": grader}))

    dumped = valid.model_dump(exclude_unset=True)["grader"]
    assert dumped["type"] == grader["type"]
    assert dumped["name"] == grader["name"]
