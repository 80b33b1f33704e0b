"""The official clients for Python and for Node, from the first that knew evals to the last.

What they send and how they read it is documented by their own sources. Python's tell of two
clients each, the synchronous and the asynchronous one; Node's has only the latter.
"""

import json
from typing import Any

import pytest

from tests.clients.claims import shows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PYTHON = [
    "openai-python-1-first",
    "openai-python-1-last",
    "openai-python-2",
    "openai-python-3",
]
NODE = ["openai-node-6", "openai-node-7"]
OFFICIAL = PYTHON + NODE
KNOWING_GRADERS = OFFICIAL[1:]  # 1.72 has no call to run a grader

CRITERIA = ["same", "alike", "label", "score", "code"]
OTHERWISE = 7  # the row whose answer is not the expected one
ROWS = 45

Told = dict[str, Any]


def parts(told: str, name: str) -> list[Told]:
    """This part of what each manner of the client was told."""
    return [manner[name] for manner in json.loads(told.splitlines()[-1]).values()]


def has(error: Told, **expected: object) -> bool:
    """Whether the error is of this class, status, code and param, and can be asked about."""
    assert error["type"] == "invalid_request_error"
    assert error["request_id"].startswith("req_")
    return all(error[name] == value for name, value in expected.items())


@shows("asynchronous", by=OFFICIAL)
def test_the_asynchronous_client_comes_to_its_end(told: str) -> None:
    assert "async" in json.loads(told.splitlines()[-1])


@shows("evals.create", by=OFFICIAL)
def test_an_eval_is_made_as_it_was_asked_for(told: str) -> None:
    for part in parts(told, "evals"):
        made = part["made"]
        assert made["id"].startswith("eval_")
        assert made["object"] == "eval"
        assert made["name"] == "of a client"
        assert made["metadata"] == {"kept": "as it is"}
        assert made["data_source_config"]["type"] == "custom"
        assert [each["name"] for each in made["testing_criteria"]] == CRITERIA


@shows("evals.retrieve", "evals.update", "evals.delete", by=OFFICIAL)
def test_an_eval_is_read_changed_and_deleted(told: str) -> None:
    for part in parts(told, "evals"):
        assert part["read"] == part["made"]
        changes = {"name": "renamed", "metadata": {"now": "another"}}
        assert part["changed"] == {**part["made"], **changes}
        assert [each["deleted"] for each in part["deleted"]] == [True] * 6
        assert part["deleted"][0]["eval_id"] == part["made"]["id"]
        assert has(part["gone"], **{"class": "NotFoundError", "code": "not_found"})


@shows("evals.list", "all pages of a list, turned by the client", by=OFFICIAL)
def test_evals_are_listed_over_all_pages(told: str) -> None:
    for part in parts(told, "evals"):
        ours = [each for each in part["listed"] if each in part["more"]]
        assert ours == part["more"]
        assert part["made"]["id"] not in part["listed"]
        assert len(set(part["listed"])) == len(part["listed"])


@shows("files.create", "files.retrieve", "files.list", "files.delete", by=OFFICIAL)
def test_a_file_is_uploaded_listed_and_deleted(told: str) -> None:
    for part in parts(told, "files"):
        assert part["made"]["bytes"] == len(part["uploaded"])
        assert part["made"]["filename"] == "rows.jsonl"
        assert part["made"]["purpose"] == "evals"
        assert part["read"] == part["made"]
        assert {part["made"]["id"], *part["more"]} <= set(part["listed"])
        assert part["deleted"]["deleted"] is True
        assert has(part["gone"], **{"class": "NotFoundError"})


@shows("files.content", by=OFFICIAL)
def test_a_file_comes_back_as_it_was_sent_at_once_and_streamed(told: str) -> None:
    for part in parts(told, "files"):
        assert part["content"] == part["uploaded"]
        assert part["streamed"] == part["uploaded"]


@shows("evals.runs.create", "evals.runs.retrieve", by=OFFICIAL)
def test_a_run_is_made_and_polled_to_its_end(told: str) -> None:
    for part in parts(told, "runs"):
        assert part["made"]["status"] == "queued"
        assert part["made"]["name"] == "first"
        assert part["made"]["metadata"] == {"a": "b"}
        assert part["done"]["status"] == "completed"
        counts = {"total": ROWS, "passed": ROWS - 1, "failed": 1, "errored": 0}
        assert part["done"]["result_counts"] == counts


@shows("evals.runs.cancel", by=OFFICIAL)
def test_a_run_is_canceled_and_stays_so(told: str) -> None:
    for part in parts(told, "runs"):
        assert part["stopped"]["status"] == "canceled"
        assert part["stays"]["status"] == "canceled"


@shows("evals.runs.list", "evals.runs.delete", by=OFFICIAL)
def test_runs_are_listed_by_status_and_deleted(told: str) -> None:
    for part in parts(told, "runs"):
        assert part["listed"] == part["ids"]
        assert part["complete"] == part["ids"][:1]
        assert part["deleted"]["deleted"] is True
        assert part["deleted"]["run_id"] == part["ids"][0]
        assert has(part["gone"], **{"class": "NotFoundError"})


@shows("evals.runs.output_items.list", "evals.runs.output_items.retrieve", by=OFFICIAL)
def test_every_output_item_is_listed_once_over_all_pages(told: str) -> None:
    for part in parts(told, "runs"):
        items = part["items"]
        assert items["rows"] == list(range(ROWS))
        assert len(set(items["ids"])) == ROWS
        assert items["failed"] == [OTHERWISE]
        assert items["one"] == items["listed"]
        assert items["one"]["sample"]["output"] == [{"role": "assistant", "content": "say 3"}]


def verdicts(told: str, criterion: str) -> list[tuple[int, int]]:
    """How many rows passed and failed the criterion, in the run of each manner of the client."""
    return [
        (each["passed"], each["failed"])
        for part in parts(told, "runs")
        for each in part["done"]["per_testing_criteria_results"]
        if each["testing_criteria"].startswith(f"{criterion}-")
    ]


@shows("a run graded by string_check", by=OFFICIAL)
def test_a_run_is_graded_by_string_check(told: str) -> None:
    assert set(verdicts(told, "same")) == {(ROWS - 1, 1)}


@shows("a run graded by text_similarity", by=OFFICIAL)
def test_a_run_is_graded_by_text_similarity(told: str) -> None:
    assert set(verdicts(told, "alike")) == {(ROWS - 1, 1)}


@shows("a run graded by label_model", by=OFFICIAL)
def test_a_run_is_graded_by_label_model(told: str) -> None:
    assert set(verdicts(told, "label")) == {(ROWS, 0)}


@shows("a run graded by score_model", by=OFFICIAL)
def test_a_run_is_graded_by_score_model(told: str) -> None:
    assert set(verdicts(told, "score")) == {(ROWS, 0)}


@shows("a run graded by python", by=OFFICIAL)
def test_a_run_is_graded_by_python(told: str) -> None:
    assert set(verdicts(told, "code")) == {(ROWS, 0)}


@shows("fine_tuning.alpha.graders.run", by=KNOWING_GRADERS)
def test_every_documented_grader_is_run_by_itself(told: str) -> None:
    documented = {"string_check", "text_similarity", "score_model", "python", "multi"}
    for part in parts(told, "graders"):
        assert set(part["ran"]) == documented
        assert {each["reward"] for each in part["ran"].values()} == {1.0}
        assert part["ran"]["multi"]["sub_rewards"] == {"same": 1.0, "alike": 1.0}


@shows("fine_tuning.alpha.graders.validate", by=KNOWING_GRADERS)
def test_a_grader_is_validated(told: str) -> None:
    for part in parts(told, "graders"):
        assert part["valid"]["grader"]["name"] == "same"
        assert has(part["invalid"], **{"class": "BadRequestError", "param": "grader.operation"})


@shows("400, 401 and 404 as the client's errors", by=OFFICIAL)
def test_errors_are_of_the_classes_that_are_caught(told: str) -> None:
    for part in parts(told, "errors"):
        param = "testing_criteria[0].operation"
        assert has(part["400"], **{"class": "BadRequestError", "status": 400, "param": param})
        wrong_key = {"class": "AuthenticationError", "status": 401, "code": "invalid_api_key"}
        assert has(part["401"], **wrong_key)
        assert has(part["404"], **{"class": "NotFoundError", "status": 404, "code": "not_found"})


@shows("429 and 503, tried again", by=OFFICIAL)
def test_a_refused_call_is_tried_again_when_its_answer_says(told: str) -> None:
    """The lanes are behind a proxy that refuses; what comes through at last is ours."""
    for part in parts(told, "retries"):
        assert part["429"]["id"].startswith("eval_")
        assert part["503"]["id"].startswith("eval_")
        assert part["503"]["seconds"] >= 1.0  # its `Retry-After`
        assert part["429"]["seconds"] < 2.0  # twice `retry-after-ms`, not `Retry-After`
        assert part["given up 429"]["class"] == "RateLimitError"
        assert part["not tried 503"]["class"] == "InternalServerError"


@shows("raw answers", by=OFFICIAL)
def test_a_raw_answer_has_its_status_and_headers(told: str) -> None:
    for part in parts(told, "variants"):
        assert part["status"] == 201
        assert part["headers"]["x-request-id"].startswith("req_")
        assert part["headers"]["openai-version"] == "2020-10-01"
        assert part["made"]["id"].startswith("eval_")
        assert part["deleted"]["deleted"] is True


@shows("streamed answers", by=OFFICIAL)
def test_an_answer_that_is_read_as_it_comes_is_the_same(told: str) -> None:
    for part in parts(told, "variants"):
        assert part["streamed"] == {**part["streamed"], **part["made"]}


@shows("options of a single call", by=OFFICIAL)
def test_timeouts_headers_and_queries_of_ones_own_change_no_answer(told: str) -> None:
    for part in parts(told, "variants"):
        assert part["read"] == part["made"]


@shows("models.list", by=OFFICIAL)
def test_models_are_listed(told: str) -> None:
    assert all(part["models"] == ["mock-model"] for part in parts(told, "variants"))
