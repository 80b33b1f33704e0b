"""A grader alone: run on one sample, and validated.

Paths, bodies and flags are documented (OpenAI's OpenAPI document, "Graders" guide); the status and
`param` of refusals are ours. The provider echoes, so that a model says whatever the item holds.
"""

import json
from typing import Any

import httpx2
import openai
import pytest

from tests.wire.bodies import Json, string_check
from tests.wire.conftest import SMALL_BODY, error_of

PATHS = ["run", "validate"]
FLAGS = {
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
}


def score_model(*parts: Any, **changes: Any) -> Json:
    """A grader whose model says the item's `verdict`."""
    return {
        "type": "score_model",
        "name": "close",
        "model": "gpt-5-mini",
        "input": [
            {"role": "system", "content": "How close is {{ sample.output_text }}?"},
            {"role": "user", "content": [*parts, "{{ item.verdict }}"]},
        ],
        "sampling_params": {"temperature": 1, "top_p": 1, "seed": 42},
        **changes,
    }


def verdict(result: Any) -> Json:
    """An item that has the model give this result."""
    return {"verdict": json.dumps({"steps": [], "result": result}), "expected": "yes"}


def run(http: httpx2.Client, **body: Any) -> Any:
    answer = http.post("/v1/fine_tuning/alpha/graders/run", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_run_answers_every_documented_field(http: httpx2.Client) -> None:
    answer = run(http, grader=score_model(), model_sample="yes", item=verdict(0.75))

    seconds = answer["metadata"].pop("execution_time")
    usage = answer["metadata"].pop("token_usage")
    assert isinstance(seconds, float)
    assert list(usage) == ["prompt_tokens", "total_tokens", "completion_tokens", "cached_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert answer == {
        "reward": 0.75,
        "metadata": {
            "name": "close",
            "type": "score_model",
            "errors": FLAGS,
            "scores": {},
            "sampled_model_name": "gpt-5-mini",
            "error": None,
        },
        "sub_rewards": {},
        "model_grader_token_usage_per_model": {"gpt-5-mini": usage},
    }


def test_the_official_client_runs_a_grader(client: openai.OpenAI) -> None:
    graders = client.fine_tuning.alpha.graders

    ran = graders.run(
        grader=string_check(),  # type: ignore[arg-type]
        model_sample="yes",
        item={"expected": "yes"},
    )

    assert (ran.reward, ran.metadata.name, ran.metadata.type) == (1.0, "same", "string_check")
    assert ran.metadata.errors.to_dict() == FLAGS
    assert ran.metadata.token_usage is None
    assert ran.metadata.sampled_model_name is None
    assert ran.api_model_grader_token_usage_per_model == {}


def test_the_official_client_validates_a_grader(client: openai.OpenAI) -> None:
    """Documented: the grader comes back."""
    graders = client.fine_tuning.alpha.graders

    valid = graders.validate(grader=string_check())  # type: ignore[arg-type]

    assert valid.grader is not None
    assert valid.grader.to_dict() == string_check()


@pytest.mark.parametrize("result", [0.0, 0.4, 1.0, 5.0])
def test_scores_are_clipped_to_the_range(http: httpx2.Client, result: float) -> None:
    answer = run(http, grader=score_model(), model_sample="x", item=verdict(result))

    assert answer["reward"] == min(result, 1.0)


def test_a_picture_and_a_recording_are_taken(http: httpx2.Client) -> None:
    """Both kinds of parts stand in documented requests, `file_id: null` among them."""
    parts = [
        {
            "type": "input_image",
            "image_url": "https://example.com/a.png",
            "file_id": None,
            "detail": "high",
        },
        {"type": "input_audio", "input_audio": {"data": "{{ item.expected }}", "format": "mp3"}},
    ]

    answer = run(http, grader=score_model(*parts), model_sample="x", item=verdict(0.5))

    # The provider joins the texts it is given; those parts have none.
    assert (answer["reward"], answer["metadata"]["errors"]) == (0.5, FLAGS)


def multi(graders: Any, formula: str, **changes: Any) -> Json:
    return {
        "type": "multi",
        "name": "both",
        "graders": graders,
        "calculate_output": formula,
        **changes,
    }


NAMED = {"same": string_check("a"), "close": score_model()}


@pytest.mark.parametrize(
    ("graders", "formula", "reward", "names"),
    [
        (NAMED, "(same + close) / 2", 0.75, ["same", "close"]),
        (list(NAMED.values()), "a + close ^ 2", 1.25, ["a", "close"]),
        (
            list(NAMED.values()),
            "0.5 * string_check_score + 0.5 * score_model_score",
            0.75,
            ["a", "close"],
        ),
        (string_check("a"), "-a", -1.0, ["a"]),
    ],
)
def test_a_multi_in_its_three_forms(
    http: httpx2.Client, graders: Any, formula: str, reward: float, names: list[str]
) -> None:
    """The forms contradict one another in the documents, so all are taken."""
    grader = multi(graders, formula)

    answer = run(http, grader=grader, model_sample="yes", item=verdict(0.5))

    assert answer["reward"] == reward
    assert list(answer["sub_rewards"]) == names
    assert answer["metadata"]["scores"] == answer["sub_rewards"]
    valid = http.post("/v1/fine_tuning/alpha/graders/validate", json={"grader": grader}).json()
    assert valid["grader"]["graders"].__class__ is graders.__class__
    assert valid["grader"]["calculate_output"] == formula


@pytest.mark.parametrize(
    ("grader", "item", "flag"),
    [
        (string_check(), None, "invalid_variable_error"),
        (string_check(input="{{ foo.x }}"), {"expected": ""}, "invalid_variable_error"),
        (multi({"a": string_check()}, "a +"), {"expected": ""}, "formula_parse_error"),
        (multi({"a": string_check()}, "b"), {"expected": ""}, "formula_parse_error"),
        (multi({"a": string_check()}, "1 / a"), {"expected": ""}, "other_error"),
        (multi({"a": string_check()}, "10 ^ 400"), {"expected": ""}, "other_error"),
        (score_model(), {"verdict": "no JSON"}, "model_grader_parse_error"),
        (score_model(), {"verdict": '{"result": "high"}'}, "model_grader_parse_error"),
        (score_model(), {"verdict": "[refused]"}, "model_grader_server_error"),
    ],
)
def test_what_goes_wrong_is_a_flag_and_no_error_of_the_request(
    http: httpx2.Client, grader: Json, item: Any, flag: str
) -> None:
    body = {"grader": grader, "model_sample": "x", **({} if item is None else {"item": item})}

    answer = run(http, **body)

    errors = answer["metadata"]["errors"]
    assert answer["reward"] == 0.0
    assert [name for name, value in errors.items() if value is True] == [flag]
    told = errors["model_grader_server_error_details"]
    assert (told is not None) == (flag == "model_grader_server_error")


ALIKE = """
from rapidfuzz import fuzz, utils

def grade(sample, item):
    said, wanted = sample["output_text"], item["wanted"]
    return fuzz.WRatio(said, wanted, processor=utils.default_process) / 100.0
"""


def test_code_is_run(http: httpx2.Client) -> None:
    """The guide's example, written anew: a grader without a name, and what its library says."""
    answer = run(
        http,
        grader={"type": "python", "source": ALIKE},
        model_sample="fuzzy wuzzy was a bear",
        item={"wanted": "fuzzy wuzzy had no hair"},
    )

    assert answer["reward"] == pytest.approx(0.7556, abs=5e-5)
    assert answer["metadata"]["errors"] == FLAGS


def test_code_that_raises_tells_how(http: httpx2.Client) -> None:
    """Documented: the flag, its details, and a reward of 0."""
    source = "def grade(sample, item):\n    return item['missing']"

    answer = run(http, grader={"type": "python", "source": source}, model_sample="x")

    errors = answer["metadata"]["errors"]
    assert answer["reward"] == 0.0
    assert [name for name, value in errors.items() if value is True] == [
        "python_grader_runtime_error"
    ]
    assert "KeyError: 'missing'" in errors["python_grader_runtime_error_details"]


def test_a_multi_of_every_kind(http: httpx2.Client) -> None:
    """By hand: 1 + 1/2 + 1 + 0.25 + 1 = 3.75. Documented: these five may stand in a multi."""
    label = {**score_model(), "type": "label_model", "labels": ["0.5"], "passing_labels": ["0.5"]}
    similarity = {**SIMILARITY, "input": "a b c d", "reference": "a b c d"}
    code = "def grade(sample, item):\n    return len(sample['output_text']) / 4"
    graders = {
        "check": string_check(),
        "score": score_model(),
        "label": label,
        "code": {"type": "python", "source": code},
        "alike": similarity,
    }
    item = {**verdict(0.5), "expected": "x"}

    answer = run(
        http,
        grader=multi(graders, "check + score + label + code + alike"),
        model_sample="x",
        item=item,
    )

    assert answer["metadata"]["errors"] == FLAGS
    assert answer["sub_rewards"] == {
        "check": 1.0,
        "score": 0.5,
        "label": 1.0,
        "code": 0.25,
        "alike": 1.0,
    }
    assert answer["reward"] == 3.75
    assert answer["metadata"]["sampled_model_name"] == "gpt-5-mini"


SIMILARITY = {
    "type": "text_similarity",
    "name": "alike",
    "input": "a",
    "reference": "b",
    "evaluation_metric": "bleu",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("grader", "param", "code"),
    [
        ({}, "grader.type", "missing_required_parameter"),
        ({"type": "vibes"}, "grader.type", "invalid_value"),
        (7, "grader", "invalid_type"),
        (string_check(operation="neq"), "grader.operation", "invalid_value"),
        (string_check(input=7), "grader.input", "invalid_type"),
        (string_check(""), "grader.name", "invalid_value"),
        ({**SIMILARITY, "evaluation_metric": "x"}, "grader.evaluation_metric", "invalid_value"),
        (score_model(range=[1, 0]), "grader.range", "invalid_value"),
        (multi({"a": multi({}, "1")}, "a"), "grader.graders.a.type", "invalid_value"),
        (multi([{"type": "x"}], "a"), "grader.graders[0].type", "invalid_value"),
        (multi(string_check(operation="x"), "a"), "grader.graders.operation", "invalid_value"),
        (multi(7, "a"), "grader.graders", "invalid_type"),
        (
            multi({"a": {**string_check(), "reference": None}}, "a"),
            "grader.graders.a.reference",
            "invalid_type",
        ),
    ],
)
def test_a_malformed_grader_is_refused(
    http: httpx2.Client, path: str, grader: Any, param: str, code: str
) -> None:
    body = {"grader": grader, "model_sample": "x", "item": {}}

    answer = http.post(f"/v1/fine_tuning/alpha/graders/{path}", json=body)

    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("grader", "param"),
    [
        (string_check(reference="{{ foo.x }}"), "grader.reference"),
        (score_model("{{ foo.x }}"), "grader.input[1].content[0].text"),
        (multi({"a": string_check()}, "a +"), "grader.calculate_output"),
        (multi({"a": string_check(input="{{ x }}")}, "a"), "grader.graders.a.input"),
        ({**SIMILARITY, "pass_threshold": 80}, "grader.pass_threshold"),
    ],
)
def test_what_could_never_work_is_not_valid(http: httpx2.Client, grader: Json, param: str) -> None:
    answer = http.post("/v1/fine_tuning/alpha/graders/validate", json={"grader": grader})

    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


def test_the_documented_formula_with_a_stray_parenthesis_is_refused_in_words(
    http: httpx2.Client,
) -> None:
    """The OpenAPI document's own example ends in it."""
    grader = multi([string_check()], "0.5 *  string_check_score)")

    answer = http.post("/v1/fine_tuning/alpha/graders/validate", json={"grader": grader})

    assert "it has a ')' at character 26 that closes nothing" in error_of(answer)["message"]


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"model_sample": "x"}, "grader", "missing_required_parameter"),
        ({"grader": string_check()}, "model_sample", "missing_required_parameter"),
        ({"grader": string_check(), "model_sample": 7}, "model_sample", "invalid_type"),
        ({"grader": string_check(), "model_sample": {}}, "model_sample", "invalid_type"),
        (
            {"grader": string_check(), "model_sample": "x", "item": "y"},
            "item",
            "invalid_type",
        ),
    ],
)
def test_a_malformed_request_is_refused(
    http: httpx2.Client, body: Json, param: str, code: str
) -> None:
    error = error_of(http.post("/v1/fine_tuning/alpha/graders/run", json=body))

    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize("path", PATHS)
def test_a_key_is_needed(keyed_server: Any, path: str) -> None:
    answer = httpx2.post(f"{keyed_server.url}/v1/fine_tuning/alpha/graders/{path}", json={})

    assert answer.status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_the_body_is_bounded(keyed_http: httpx2.Client, path: str) -> None:
    body = {"grader": string_check(), "model_sample": "x" * SMALL_BODY}

    answer = keyed_http.post(f"/v1/fine_tuning/alpha/graders/{path}", json=body)

    assert (answer.status_code, error_of(answer)["code"]) == (413, "request_too_large")


def test_numbers_of_an_item_keep_their_text(http: httpx2.Client) -> None:
    """A documented request passes a number; that it keeps its text is ours."""
    grader = string_check(reference="{{ item.answer }}")

    answer = http.post(
        "/v1/fine_tuning/alpha/graders/run",
        content=json.dumps({"grader": grader, "model_sample": "1.50", "item": {"answer": "N"}})
        .replace('"N"', "1.50")
        .encode(),
        headers={"content-type": "application/json"},
    )

    assert answer.json()["reward"] == 1.0
