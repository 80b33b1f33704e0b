"""Our own OpenAPI document: complete, and true of what is answered."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from evald.http.app import OPERATIONS
from evald.http.openapi import openapi_document
from evald.wire.criteria import TestingCriterion
from evald.wire.data_source_configs import CustomConfig, config_json
from evald.wire.evals import Eval, eval_json
from evald.wire.graders import StringCheckGrader
from evald.wire.runs import ResultCounts, Run

DOCUMENT: dict[str, Any] = json.loads(openapi_document(OPERATIONS))
SCHEMAS = DOCUMENT["components"]["schemas"]


def check(name: str, value: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(value)


def refuses(name: str, value: Any) -> bool:
    try:
        check(name, value)
    except jsonschema_rs.ValidationError:
        return True
    return False


def inside(value: Any) -> Iterator[Any]:
    yield value
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for child in children:
            yield from inside(child)


def operations() -> list[dict[str, Any]]:
    return [operation for path in DOCUMENT["paths"].values() for operation in path.values()]


def test_every_operation_stands_in_it_once() -> None:
    ids = [operation["operationId"] for operation in operations()]

    assert sorted(ids) == sorted(operation.id for operation in OPERATIONS)
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    references = [
        each["$ref"] for each in inside(DOCUMENT) if isinstance(each, dict) and "$ref" in each
    ]

    assert len(references) > 100
    assert {reference.rpartition("/")[2] for reference in references} <= set(SCHEMAS)


def test_every_schema_is_one() -> None:
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate({**schema, "components": DOCUMENT["components"]})


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_every_parameter_of_a_path_is_described(path: str) -> None:
    for operation in DOCUMENT["paths"][path].values():
        described = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert described == re.findall(r"{(\w+)}", path)


def test_all_under_v1_needs_a_key_and_says_how_it_refuses() -> None:
    for path, by_method in DOCUMENT["paths"].items():
        for operation in by_method.values():
            assert (operation.get("security") == []) != path.startswith(("/v1/", "/metrics"))
            assert ("401" in operation["responses"]) == path.startswith(("/v1/", "/metrics"))
            assert operation["summary"].endswith(".")


def test_bodies_and_queries_are_described() -> None:
    create = DOCUMENT["paths"]["/v1/evals"]["post"]
    assert create["requestBody"]["required"]
    assert set(create["responses"]) == {"201", "400", "401", "408", "409", "413", "500"}
    assert not DOCUMENT["paths"]["/v1/evals/{eval_id}"]["post"]["requestBody"]["required"]
    upload = DOCUMENT["paths"]["/v1/files"]["post"]["requestBody"]["content"]
    assert set(upload["multipart/form-data"]["schema"]["required"]) == {"file", "purpose"}
    listed = DOCUMENT["paths"]["/v1/files"]["get"]["parameters"]
    assert [each["name"] for each in listed] == ["after", "limit", "order", "purpose"]
    assert listed[1]["schema"] == {"type": "integer", "minimum": 1, "default": 10_000}


def test_an_eval_as_it_is_answered_is_described() -> None:
    grader = StringCheckGrader.model_validate(
        {"type": "string_check", "name": "c", "input": "", "reference": "", "operation": "eq"}
    )
    config = config_json(CustomConfig(type="custom", item_schema={"type": "object"}))
    answered = eval_json(
        Eval(
            id="eval_1",
            created_at=1,
            name="n",
            metadata={},
            data_source_config=config,
            testing_criteria=[TestingCriterion(id="c-1", grader=grader)],
        )
    )

    check("Eval", answered)
    for key in answered:
        assert refuses("Eval", {name: answered[name] for name in answered if name != key})


def test_a_run_as_it_is_answered_is_described() -> None:
    run = Run(
        id="evalrun_1",
        eval_id="eval_1",
        report_url="http://localhost",
        status="queued",
        model="",
        name="",
        created_at=1,
        result_counts=ResultCounts(),
        per_model_usage=None,
        per_testing_criteria_results=None,
        data_source={"type": "jsonl"},
        error=None,
        metadata={},
    )

    check("Run", run.model_dump())
    assert refuses("Run", run.model_dump() | {"status": "stopped"})


@pytest.mark.parametrize(
    "content",
    ["text", ["text", {"type": "text", "text": ""}], {"type": "input_text", "text": ""}],
)
def test_the_shorthands_of_messages_are_described(content: Any) -> None:
    check("EvalItem", {"role": "user", "content": content})
    assert refuses("EvalItem", {"role": "user", "content": 5})


def test_a_run_request_with_rows_is_described() -> None:
    def request(row: Any) -> Any:
        source = {"type": "file_content", "content": [row]}
        return {"data_source": {"type": "jsonl", "source": source}, "metadata": {"a": "b"}}

    check("CreateRunRequest", request({"item": {"a": 1}, "sample": {}}))
    assert refuses("CreateRunRequest", request({"a": 1}))
    assert refuses("CreateRunRequest", request({"item": {}}) | {"metadata": {"a": "x" * 513}})


def test_an_import_is_described() -> None:
    create = DOCUMENT["paths"]["/v1/evald/imports"]["post"]

    assert list(create["requestBody"]["content"]) == ["application/zip"]
    assert [each["name"] for each in create["parameters"]] == ["dry_run"]
    assert {"202", "400", "401", "408", "413"} <= set(create["responses"])


def test_a_run_of_a_grader_tells_more_than_pairs_in_its_metadata() -> None:
    described = DOCUMENT["components"]["schemas"]["GraderRun"]["properties"]["metadata"]

    assert described == {"$ref": "#/components/schemas/GraderRunMetadata"}


def test_a_sample_of_a_grader_has_one_spelling_of_its_limit() -> None:
    required = DOCUMENT["components"]["schemas"]["Sample"]["required"]

    assert "max_completions_tokens" in required
    assert "max_completion_tokens" not in required


def test_how_many_criteria_an_eval_takes_is_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    assert schemas["CreateEvalRequest"]["properties"]["testing_criteria"]["maxItems"] == 1_000


def test_errors_are_described() -> None:
    error = {"message": "m", "type": "t", "param": None, "code": None}

    check("ErrorResponse", {"error": error})
    assert refuses("ErrorResponse", {"error": {"message": "m"}})
