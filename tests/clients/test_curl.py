"""Plain curl, as in the published examples: the calls in their order, with bodies of our own."""

import json
from typing import Any

import pytest

from tests.clients.claims import shows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CURL = ["curl"]


def answers(told: str) -> dict[str, tuple[int, str]]:
    """Status and body by the call's name."""
    lines = told.splitlines()
    triples = zip(lines[::3], lines[1::3], lines[2::3], strict=True)
    return {name: (int(status), body) for name, status, body in triples}


def body(told: str, name: str, *, status: int = 200) -> Any:
    """The JSON that a call was answered with, and with this status."""
    answered, text = answers(told)[name]
    assert answered == status, text
    return json.loads(text)


@shows("evals.create", "evals.retrieve", "evals.update", "evals.list", "evals.delete", by=CURL)
def test_an_eval_from_its_making_to_its_end(told: str) -> None:
    made = body(told, "evals.create", status=201)
    changed = body(told, "evals.update")

    assert made["object"] == "eval"
    assert body(told, "evals.retrieve") == made
    assert changed["name"] == "Departments, second try"
    assert body(told, "evals.list")["object"] == "list"
    assert body(told, "evals.delete")["eval_id"] == made["id"]


@shows("evals.create", by=CURL)
def test_the_eval_of_the_reference_with_a_label_model_over_stored_completions(told: str) -> None:
    made = body(told, "evals.create of logs", status=201)
    (criterion,) = made["testing_criteria"]

    assert made["data_source_config"]["type"] == "stored_completions"
    assert criterion["input"][1]["content"] == {
        "type": "input_text",
        "text": "Label: {{item.input}}",
    }
    assert body(told, "evals.delete of logs")["deleted"] is True


@shows("files.create", "files.list", "files.retrieve", "files.content", "files.delete", by=CURL)
def test_a_file_from_its_upload_to_its_end(told: str) -> None:
    made = body(told, "files.create")
    _, content = answers(told)["files.content"]

    assert (made["filename"], made["purpose"]) == ("letters.jsonl", "evals")
    assert body(told, "files.retrieve") == made
    assert body(told, "files.list")["data"][0]["object"] == "file"
    assert content.split() == [
        '{"item":{"letter":"garden","department":"garden"}}',
        '{"item":{"letter":"kitchen","department":"kitchen"}}',
        '{"item":{"letter":"cellar","department":"attic"}}',
    ]
    assert body(told, "files.delete")["deleted"] is True


@shows(
    "evals.runs.create",
    "evals.runs.retrieve",
    "evals.runs.list",
    "evals.runs.delete",
    "a run graded by string_check",
    by=CURL,
)
def test_a_run_from_its_making_to_its_end(told: str) -> None:
    made = body(told, "evals.runs.create", status=201)
    done = body(told, "evals.runs.retrieve")

    assert made["status"] == "queued"
    assert done["status"] == "completed"
    assert done["result_counts"] == {"total": 3, "errored": 0, "failed": 1, "passed": 2}
    listed = [each["id"] for each in body(told, "evals.runs.list")["data"]]
    assert listed == [made["id"], body(told, "evals.runs.create in the body", status=201)["id"]]
    assert body(told, "evals.runs.delete")["run_id"] == made["id"]


@shows("evals.runs.cancel", by=CURL)
def test_a_run_is_canceled_by_the_path_of_the_reference(told: str) -> None:
    assert body(told, "evals.runs.cancel")["status"] == "canceled"


@shows("evals.runs.output_items.list", "evals.runs.output_items.retrieve", by=CURL)
def test_output_items_are_listed_and_read(told: str) -> None:
    page = body(told, "evals.runs.output_items.list")

    assert [each["status"] for each in page["data"]] == ["pass", "pass"]
    assert page["has_more"] is True
    assert body(told, "evals.runs.output_items.retrieve") == page["data"][0]


@shows("fine_tuning.alpha.graders.run", "fine_tuning.alpha.graders.validate", by=CURL)
def test_a_grader_is_run_and_validated(told: str) -> None:
    assert 0.0 < body(told, "fine_tuning.alpha.graders.run")["reward"] < 1.0
    assert body(told, "fine_tuning.alpha.graders.validate")["grader"]["name"] == "alike"


@shows("models.list", by=CURL)
def test_models_are_listed(told: str) -> None:
    assert [each["id"] for each in body(told, "models.list")["data"]] == ["mock-model"]


@shows("400, 401 and 404 as the client's errors", by=CURL)
def test_errors_have_their_envelope(told: str) -> None:
    for status in (400, 401, 404):
        error = body(told, str(status), status=status)["error"]
        assert list(error) == ["message", "type", "param", "code"]


@shows("429 and 503, tried again", by=CURL, but="yes, with `--retry`")
def test_a_refused_call_is_tried_again(told: str) -> None:
    assert body(told, "429")["object"] == "list"
    assert body(told, "503")["object"] == "list"
