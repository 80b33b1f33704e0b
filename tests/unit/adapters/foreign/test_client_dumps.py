"""Dumps of the official client, made by the client itself, undone. Observed with openai 2.x."""

import json
import warnings
from typing import Any

import pytest
from openai._models import construct_type
from openai.types.eval_list_response import EvalListResponse
from openai.types.evals.run_list_response import RunListResponse

from evald.adapters.foreign.client_dumps import in_api_form
from evald.domain.archive.kinds import Kind
from evald.wire.criteria import usable_criterion
from tests.support.hosted_bodies import eval_body, run_body

MESSAGES = [
    {"role": "system", "content": "Judge."},
    {"role": "user", "content": {"type": "input_text", "text": "{{ item.answer }}"}},
]
CRITERIA: list[dict[str, Any]] = [
    {
        "type": "label_model",
        "id": "l-1",
        "name": "l",
        "model": "gpt-4.1",
        "input": MESSAGES,
        "labels": ["good", "bad"],
        "passing_labels": ["good"],
    },
    {"type": "score_model", "id": "s-1", "name": "s", "model": "gpt-4.1", "input": MESSAGES},
    {"type": "python", "id": "p-1", "name": "p", "source": "def grade(sample, item): return 1"},
    {
        "type": "text_similarity",
        "id": "t-1",
        "name": "t",
        "input": "a",
        "reference": "b",
        "evaluation_metric": "bleu",
        "pass_threshold": 0.5,
    },
]


def dumped(kind: type, body: dict[str, Any]) -> dict[str, Any]:
    """The body as the client reads it and `model_dump()` gives it."""
    read: Any = construct_type(type_=kind, value=body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some criteria are of a union that pydantic doubts
        return dict(json.loads(json.dumps(read.model_dump())))


def test_the_names_of_the_clients_attributes_are_undone() -> None:
    an_eval = dumped(EvalListResponse, eval_body(1))
    run = dumped(RunListResponse, run_body(1, "eval_1"))
    assert "schema_" in an_eval["data_source_config"]
    assert "run_model_name" in run["per_model_usage"][0]

    assert in_api_form(Kind.EVALS, an_eval) == eval_body(1)
    usage = in_api_form(Kind.RUNS, run)["per_model_usage"]
    assert usage == run_body(1, "eval_1")["per_model_usage"]


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda each: each["type"])
def test_criteria_stay_usable(criterion: dict[str, Any]) -> None:
    """The client's nulls in a grader's messages would not parse."""
    body = eval_body(1) | {"testing_criteria": [criterion]}

    undone: Any = in_api_form(Kind.EVALS, dumped(EvalListResponse, body))

    found = usable_criterion(undone["testing_criteria"][0])
    assert found is not None
    assert found == usable_criterion(criterion)


def test_formats_of_samples_get_their_schema_back() -> None:
    schema: dict[str, Any] = {"type": "object"}
    chat: Any = {"response_format": {"type": "json_schema", "json_schema": {"schema_": schema}}}
    text: Any = {"text": {"format": {"type": "json_schema", "name": "x", "schema_": schema}}}

    one: Any = in_api_form(Kind.RUNS, {"data_source": {"sampling_params": chat}})
    other: Any = in_api_form(Kind.RUNS, {"data_source": {"sampling_params": text}})

    params = one["data_source"]["sampling_params"]
    assert params["response_format"]["json_schema"] == {"schema": schema}
    assert other["data_source"]["sampling_params"]["text"]["format"]["schema"] == schema


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.EVALS, eval_body(1)),
        (Kind.EVALS, {"data_source_config": None, "testing_criteria": [1, {"input": "x"}]}),
        (Kind.EVALS, {"testing_criteria": [{"input": [1, {"content": ["x"]}]}]}),
        (Kind.RUNS, run_body(1, "eval_1")),
        (Kind.RUNS, {"per_model_usage": [None], "data_source": {"sampling_params": 1}}),
        (Kind.OUTPUT_ITEMS, {"sample": {"schema_": 1}}),
    ],
)
def test_what_is_as_the_api_had_it_is_the_very_same(kind: Kind, body: dict[str, Any]) -> None:
    assert in_api_form(kind, body) is body
