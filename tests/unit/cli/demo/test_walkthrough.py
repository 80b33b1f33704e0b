import re
from collections.abc import Iterator

import httpx2
import pytest
from openai import DefaultHttpxClient, OpenAI
from openai.types.evals import RunRetrieveResponse
from pydantic import JsonValue

from evald.cli.demo.finished_runs import CriterionCount, FinishedRun, MissedItem, Usage
from evald.cli.demo.walkthrough import (
    TESTING_CRITERIA,
    EndedRun,
    StartedRun,
    finished_run,
    follow,
)

CRITERION = "Right category-ca5755f9-7b5d-49e2-b656-b368d347ad07"


def run_body(**changes: JsonValue) -> dict[str, JsonValue]:
    """A run as the API answers it, of which only what the demo reads is given."""
    return {
        "id": "evalrun_1",
        "eval_id": "eval_1",
        "model": "demo-bayes",
        "status": "completed",
        "report_url": "http://127.0.0.1/evaluations/eval_1",
        "result_counts": {"total": 4, "passed": 1, "failed": 2, "errored": 1},
        "per_model_usage": [
            {"prompt_tokens": 40, "completion_tokens": 4},
            {"prompt_tokens": 2, "completion_tokens": 1},
        ],
        "per_testing_criteria_results": [{"testing_criteria": CRITERION, "passed": 1, "failed": 2}],
        "error": None,
        **changes,
    }


def item_body(position: int, sample: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": f"outputitem_{position}",
        "datasource_item_id": position,
        "datasource_item": {"ticket_text": f"ticket {position}", "correct_label": "Other"},
        "sample": sample,
    }


def said(text: str | None) -> JsonValue:
    return {"error": None, "output": [{"role": "assistant", "content": text}]}


FAILED_PAGES: dict[str | None, list[JsonValue]] = {
    None: [item_body(3, said("Hardware"))],  # the page before any id
    "outputitem_3": [item_body(2, said(None))],
}
ERRORED: list[JsonValue] = [
    item_body(1, {"error": {"code": "timeout", "message": "No answer in 600 s."}, "output": []})
]


def answer(request: httpx2.Request) -> httpx2.Response:
    query = request.url.params
    if query["status"] == "error":
        return httpx2.Response(200, json={"data": ERRORED, "has_more": False})
    after = query.get("after")
    return httpx2.Response(200, json={"data": FAILED_PAGES[after], "has_more": after is None})


@pytest.fixture
def client() -> Iterator[OpenAI]:
    http_client = DefaultHttpxClient(transport=httpx2.MockTransport(answer))
    with OpenAI(base_url="http://test/v1", api_key="k", http_client=http_client) as client:
        yield client


def finished(client: OpenAI, body: dict[str, JsonValue]) -> FinishedRun:
    run = RunRetrieveResponse.construct(_fields_set=None, **body)
    return finished_run(client, EndedRun(run=run, seconds=1.5))


def test_criteria_go_by_their_names_and_models_tokens_are_added_up(client: OpenAI) -> None:
    run = finished(client, run_body())

    assert run.criteria == (CriterionCount("Right category", passed=1, failed=2),)
    assert run.usage == Usage(prompt_tokens=42, completion_tokens=5)
    assert run.total == 4


def test_failed_items_of_all_pages_come_in_the_order_of_the_tickets(client: OpenAI) -> None:
    run = finished(client, run_body())

    assert run.failed_items == (
        MissedItem(2, "ticket 2", expected="Other", answer=""),
        MissedItem(3, "ticket 3", expected="Other", answer="Hardware"),
    )


def test_an_errored_item_says_why(client: OpenAI) -> None:
    (item,) = finished(client, run_body()).errored_items

    assert item.answer == "No answer in 600 s."


def test_a_run_that_failed_before_its_first_item_has_a_reason_and_no_sums(client: OpenAI) -> None:
    run = finished(
        client,
        run_body(
            status="failed",
            error={"code": "invalid_api_key", "message": "Incorrect API key provided."},
            per_model_usage=None,
            per_testing_criteria_results=None,
        ),
    )

    assert run.failure == "Incorrect API key provided."
    assert run.criteria == ()
    assert run.usage == Usage(0, 0)


def test_runs_are_followed_until_all_have_ended_and_then_given_as_they_were_started() -> None:
    statuses = {
        "a": iter(["queued", "in_progress", "completed"]),
        "b": iter(["failed"]),  # asked again, it would run out
    }

    def poll(request: httpx2.Request) -> httpx2.Response:
        name = request.url.path[-1]
        counts: JsonValue = {"total": 3, "passed": 1, "failed": 1, "errored": 1}
        body = run_body(id=name, status=next(statuses[name]), result_counts=counts)
        return httpx2.Response(200, json=body)

    started = [StartedRun(id=name, eval_id="eval_1", model=name, since=0.0) for name in "ab"]
    seen: list[tuple[str, int]] = []
    pauses: list[float] = []
    http_client = DefaultHttpxClient(transport=httpx2.MockTransport(poll))
    with OpenAI(base_url="http://test/v1", api_key="k", http_client=http_client) as client:
        ended = follow(
            client,
            started,
            advance=lambda model, done: seen.append((model, done)),
            pause=pauses.append,
        )

    assert [each.run.id for each in ended] == ["a", "b"]
    assert seen == [("a", 3), ("b", 3), ("a", 3), ("a", 3)]
    assert len(pauses) == 2


def test_criteria_read_nothing_but_the_answer_and_the_category() -> None:
    templates = [str(each.get(key)) for each in TESTING_CRITERIA for key in ("input", "reference")]

    placeholders = {name for text in templates for name in re.findall(r"\{\{ (.*?) \}\}", text)}
    assert placeholders == {"sample.output_text", "item.correct_label"}
