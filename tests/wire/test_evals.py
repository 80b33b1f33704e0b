"""Evals over the wire: what comes back of what was sent, updates and deletion."""

import json
import re
from typing import Any
from uuid import UUID

import httpx2
import openai
import pytest

from tests.wire.bodies import (
    ITEM_SCHEMA,
    Json,
    an_eval,
    custom,
    inline,
    jsonl,
    said,
    string_check,
)
from tests.wire.runs import new_eval, new_run

FUNCTION = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "arguments": {"type": "string"}},
    "required": ["name", "arguments"],
}
MESSAGE = {
    "type": "object",
    "properties": {
        "role": {"type": "string", "enum": ["assistant"]},
        "content": {"type": ["string", "array", "null"]},
        "refusal": {"type": ["boolean", "null"]},
        "tool_calls": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "enum": ["function"]},
                    "function": FUNCTION,
                    "id": {"type": "string"},
                },
                "required": ["type", "function", "id"],
            },
        },
        "function_call": {**FUNCTION, "type": ["object", "null"]},
    },
    "required": ["role"],
}
SAMPLE_SCHEMA = {
    "type": "object",
    "properties": {
        "model": {"type": "string"},
        "choices": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"message": MESSAGE, "finish_reason": {"type": "string"}},
                "required": ["index", "message", "finish_reason"],
            },
        },
        "output_text": {"type": "string"},
        "output_json": {"type": "object"},
        "output_tools": {"type": "array", "items": {"type": "object"}},
        "output_reasoning_summary": {"type": ["string", "null"]},
        "output_audio": {"type": ["object", "null"]},
        "input_tools": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["model", "choices"],
}


def created(http: httpx2.Client, body: Json) -> Json:
    answer = http.post("/v1/evals", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def test_an_eval_is_answered_in_the_shape_captured(http: httpx2.Client) -> None:
    """Observed 2026-07: status 201, this key order, and these nulls that no document has."""
    answer = http.post("/v1/evals", json=an_eval(metadata={"source": "wire"}))

    made = answer.json()
    assert answer.status_code == 201
    assert list(made) == [
        "id",
        "object",
        "created_at",
        "data_source_config",
        "name",
        "testing_criteria",
        "metadata",
    ]
    assert made["object"] == "eval"
    assert made["name"] == "echo"
    assert made["metadata"] == {"source": "wire"}
    assert list(made["data_source_config"]) == ["type", "max_items", "schema"]
    assert made["data_source_config"]["type"] == "custom"
    assert made["data_source_config"]["max_items"] is None
    (criterion,) = made["testing_criteria"]
    assert criterion.pop("id").startswith("same-")
    assert criterion == {**string_check(), "grdr_id": None, "inactive_at": None}


def test_an_id_begins_with_the_second_of_its_creation(client: openai.OpenAI) -> None:
    """Observed 2025-05 and 2026-07: 32 hexadecimal digits, the first 8 the second or the last."""
    made = client.evals.create(**an_eval())

    assert re.fullmatch("eval_[0-9a-f]{32}", made.id)
    assert int(made.id[5:13], 16) in {made.created_at, made.created_at - 1}


def test_the_sample_schema_is_the_captured_one(http: httpx2.Client) -> None:
    """Observed 2026-07, quirks included."""
    schema = created(http, an_eval())["data_source_config"]["schema"]

    assert schema == {
        "type": "object",
        "properties": {"item": ITEM_SCHEMA, "sample": SAMPLE_SCHEMA},
        "required": ["item", "sample"],
    }


@pytest.mark.parametrize("said_so", [{}, {"include_sample_schema": False}])
def test_without_samples_the_schema_has_only_the_item(http: httpx2.Client, said_so: Json) -> None:
    """Documented; observed for the shape of the wrapper."""
    config = {"type": "custom", "item_schema": ITEM_SCHEMA, **said_so}

    made = created(http, an_eval(data_source_config=config))

    assert made["data_source_config"]["schema"] == {
        "type": "object",
        "properties": {"item": ITEM_SCHEMA},
        "required": ["item"],
    }


@pytest.mark.parametrize(
    "item_schema",
    [
        {},
        {"type": "object", "properties": {"n": {"type": "number"}}},
        {
            "$defs": {"Label": {"enum": ["a", "b"], "title": "Label", "type": "string"}},
            "description": "As pydantic writes them.",
            "properties": {"label": {"$ref": "#/$defs/Label"}, "é": {"default": None}},
            "title": "Row",
            "type": "object",
        },
    ],
)
def test_an_item_schema_comes_back_as_it_was(http: httpx2.Client, item_schema: Json) -> None:
    """Observed 2025: `$defs`, titles and descriptions stay, and `required` may be missing."""
    made = created(http, an_eval(data_source_config=custom(item_schema)))

    assert made["data_source_config"]["schema"]["properties"]["item"] == item_schema


def test_numbers_of_a_schema_keep_their_text(http: httpx2.Client) -> None:
    """Ours: beyond 64 bits integers stay exact, and 15.0 is not 15."""
    bounds = '{"maximum": 36893488147419103233, "minimum": 15.0, "multipleOf": 15}'
    body = json.dumps(an_eval(data_source_config=custom({"properties": {"n": "BOUNDS"}})))
    headers = {"content-type": "application/json"}

    made = http.post("/v1/evals", content=body.replace('"BOUNDS"', bounds), headers=headers)
    read = http.get(f"/v1/evals/{made.json()['id']}")

    assert made.status_code == 201
    assert bounds.replace(" ", "") in made.text
    assert made.text == read.text


def test_criteria_have_ids_of_their_own_though_names_are_the_same(client: openai.OpenAI) -> None:
    """Observed 2025 and 2026: `<name>-<uuid4>`; that names may stand twice is inferred."""
    made = client.evals.create(**an_eval(string_check("a-b"), string_check("a-b")))

    ids = [str(dict(criterion)["id"]) for criterion in made.testing_criteria]
    assert len(set(ids)) == 2
    assert all(UUID(each.removeprefix("a-b-")).version == 4 for each in ids)


@pytest.mark.parametrize(
    "text",
    ["{{ sample.output_text }}", "{{sample.output_text}}", "  {{\titem.x }} ", "{{sample.x}", "ß𝄞"],
)
def test_templates_come_back_byte_for_byte(http: httpx2.Client, text: str) -> None:
    """Observed 2025-05 and 2026-07; an unclosed placeholder was accepted (observed 2025)."""
    (criterion,) = created(http, an_eval(string_check(input=text)))["testing_criteria"]

    assert criterion["input"] == text


def test_an_eval_is_read_as_it_was_created(client: openai.OpenAI) -> None:
    """Documented."""
    made = client.evals.create(**an_eval(metadata={"a": "b"}))

    assert client.evals.retrieve(made.id).to_dict() == made.to_dict()


@pytest.mark.parametrize("kind", ["logs", "stored_completions"])
@pytest.mark.parametrize("metadata", [{"usecase": "chat"}, None])
def test_configs_over_logs_are_echoed(http: httpx2.Client, kind: str, metadata: Any) -> None:
    """Documented: the schema leaves item and sample open, and metadata may be null."""
    made = created(http, an_eval(data_source_config={"type": kind, "metadata": metadata}))

    anything = {"type": "object"}
    assert made["data_source_config"] == {
        "type": kind,
        "metadata": metadata,
        "schema": {
            "type": "object",
            "properties": {"item": anything, "sample": anything},
            "required": ["item", "sample"],
        },
    }


@pytest.mark.parametrize(
    "grader",
    [
        {
            "type": "text_similarity",
            "input": "{{ sample.output_text }}",
            "reference": "{{ item.expected }}",
            "evaluation_metric": "fuzzy_match",
            "pass_threshold": 0.8,
        },
        {
            "type": "python",
            "source": "def grade(sample, item):\n    return 1.0",
            "image_tag": "2025-05-08",
        },
        {
            "type": "score_model",
            "model": "mock-model",
            "input": [
                {
                    "type": "message",
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "How good is it?"},
                        {"type": "input_image", "image_url": "{{ item.url }}", "detail": "auto"},
                    ],
                }
            ],
            "range": [1.0, 7.0],
            "pass_threshold": 5.0,
            "sampling_params": {"max_completions_tokens": 512, "temperature": 0.5},
        },
        {
            "type": "multi",
            "graders": {"exact": string_check()},
            "calculate_output": "0.5 * exact",
        },
    ],
)
def test_every_grader_is_accepted_and_echoed(http: httpx2.Client, grader: Json) -> None:
    """Documented, but for `multi`, which is ours; what is not given is left out."""
    (criterion,) = created(http, an_eval({"name": "it", **grader}))["testing_criteria"]

    assert criterion.pop("id").startswith("it-")
    assert criterion == {"name": "it", "grdr_id": None, "inactive_at": None, **grader}


def test_messages_of_a_grader_are_normalised(http: httpx2.Client) -> None:
    """Documented in examples: content that is a string becomes one object, not a list."""
    messages: list[Json] = [
        {"role": "developer", "content": "Say good or bad."},
        {"role": "user", "content": {"type": "output_text", "text": "{{ sample.output_text }}"}},
    ]
    labels = {"labels": ["good", "bad"], "passing_labels": ["good"]}
    grader = {"type": "label_model", "name": "it", "model": "o3", "input": messages, **labels}

    (criterion,) = created(http, an_eval(grader))["testing_criteria"]

    assert criterion["labels"] == ["good", "bad"]
    assert criterion["input"] == [
        {
            "type": "message",
            "role": "developer",
            "content": {"type": "input_text", "text": "Say good or bad."},
        },
        {"type": "message", **messages[1]},
    ]


@pytest.mark.parametrize("nothing", [{}, {"metadata": None}, {"metadata": {}}])
def test_no_metadata_comes_back_as_an_empty_object(http: httpx2.Client, nothing: Json) -> None:
    """Observed 2025-05."""
    assert created(http, an_eval(**nothing))["metadata"] == {}


def test_an_eval_without_a_name_has_one_all_the_same(client: openai.OpenAI) -> None:
    """Ours: the document requires a name in the answer and none in the request."""
    body = an_eval()
    del body["name"]

    assert client.evals.create(**body).name != ""


def test_unknown_fields_and_query_parameters_are_ignored(http: httpx2.Client) -> None:
    """Ours; older clients send `share_with_openai`, Azure's send `api-version`."""
    body = an_eval(string_check(colour="red"), share_with_openai=True)

    made = http.post("/v1/evals?api-version=preview", json=body)
    read = http.get(f"/v1/evals/{made.json()['id']}", params={"api-version": "preview"})

    assert made.status_code == 201
    assert read.json() == made.json()
    assert "colour" not in made.text
    assert "share_with_openai" not in made.text


def test_graders_may_name_the_sample_though_its_schema_is_left_out(http: httpx2.Client) -> None:
    """Ours: what can be made to work is accepted."""
    config = {"type": "custom", "item_schema": ITEM_SCHEMA, "include_sample_schema": False}

    assert created(http, an_eval(data_source_config=config))


def test_an_update_changes_the_name_and_replaces_metadata(client: openai.OpenAI) -> None:
    """The fields are documented; that metadata is replaced as a whole is ours."""
    made = client.evals.create(**an_eval(metadata={"a": "1", "b": "2"}))

    changed = client.evals.update(made.id, name="renamed", metadata={"c": "3"})

    assert (changed.name, changed.metadata) == ("renamed", {"c": "3"})
    assert client.evals.retrieve(made.id).to_dict() == changed.to_dict()
    kept = {"id", "created_at", "data_source_config", "testing_criteria"}
    assert {k: changed.to_dict()[k] for k in kept} == {k: made.to_dict()[k] for k in kept}


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"name": "renamed"}, ("renamed", {"a": "1"})),
        ({"metadata": {}}, ("echo", {})),
        ({}, ("echo", {"a": "1"})),
        ({"name": None, "metadata": None}, ("echo", {"a": "1"})),
        ({"testing_criteria": [], "data_source_config": 1, "id": "x"}, ("echo", {"a": "1"})),
    ],
)
def test_what_an_update_does_not_give_stays(http: httpx2.Client, change: Json, after: Any) -> None:
    """Ours; criteria and config never change, and other fields are ignored."""
    made = created(http, an_eval(metadata={"a": "1"}))

    changed = http.post(f"/v1/evals/{made['id']}", json=change)

    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["metadata"]) == after
    assert changed.json()["testing_criteria"] == made["testing_criteria"]


def test_deleting_an_eval_twice_is_a_404_the_second_time(client: openai.OpenAI) -> None:
    """Documented; the key of the id is `eval_id`."""
    eval_id = new_eval(client)

    deleted = client.evals.delete(eval_id)

    assert deleted.to_dict() == {"object": "eval.deleted", "deleted": True, "eval_id": eval_id}
    with pytest.raises(openai.NotFoundError) as refused:
        client.evals.delete(eval_id)
    assert eval_id in refused.value.message
    with pytest.raises(openai.NotFoundError):
        client.evals.retrieve(eval_id)


def test_runs_go_with_their_eval_and_files_stay(client: openai.OpenAI) -> None:
    """Ours: what else a deletion takes along is not documented."""
    eval_id = new_eval(client)
    file = client.files.create(file=("rows.jsonl", b'{"item": {}}\n'), purpose="evals")
    run_id = new_run(client, eval_id, jsonl(inline([said("x", prompt="x", expected="x")])))

    client.evals.delete(eval_id)

    assert client.files.retrieve(file.id).id == file.id
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.retrieve(run_id, eval_id=eval_id)
    with pytest.raises(openai.NotFoundError):
        list(client.evals.runs.output_items.list(run_id, eval_id=eval_id))
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.list(eval_id)
