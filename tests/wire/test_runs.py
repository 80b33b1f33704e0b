"""Runs over the wire: created, polled, read, deleted; and the counts that they end with."""

import re
from typing import Any

import httpx2
import openai
import pytest
from openai.types.evals import RunRetrieveResponse

from tests.support.mock_provider import MockProvider
from tests.support.running_server import RunningServer
from tests.wire.bodies import (
    Json,
    an_eval,
    completions,
    in_file,
    inline,
    jsonl,
    responses,
    row,
    rows,
    said,
    string_check,
    template,
)
from tests.wire.mirror import SNAPSHOT
from tests.wire.runs import ended, ended_run, graded, items_of, new_eval, new_run, said_by

RUN_KEYS = [
    "object",
    "id",
    "eval_id",
    "report_url",
    "status",
    "model",
    "name",
    "created_at",
    "result_counts",
    "per_model_usage",
    "per_testing_criteria_results",
    "data_source",
    "error",
    "metadata",
    "shared_with_openai",
]


def test_a_new_run_is_queued_and_has_counted_nothing(
    client: openai.OpenAI, http: httpx2.Client, server: RunningServer
) -> None:
    """Observed 2025-05: keys in this order, zeros and nulls; the status 201 is documented."""
    eval_id = new_eval(client)
    line = b'{"item": {"prompt": "a", "expected": "a"}}\n'
    file = client.files.create(file=("rows.jsonl", line), purpose="evals")
    source = completions(in_file(file.id))

    answer = http.post(f"/v1/evals/{eval_id}/runs", json={"data_source": source})

    run = answer.json()
    assert answer.status_code == 201
    assert list(run) == RUN_KEYS
    assert re.fullmatch("evalrun_[0-9a-f]{32}", run["id"])
    assert run["object"] == "eval.run"
    assert run["status"] == "queued"
    assert run["model"] == run["name"] == "mock-model"
    assert run["result_counts"] == {"total": 0, "errored": 0, "failed": 0, "passed": 0}
    assert run["per_model_usage"] is run["per_testing_criteria_results"] is run["error"] is None
    assert run["metadata"] == {}
    assert run["shared_with_openai"] is False
    assert run["data_source"]["sampling_params"] is None
    assert run["data_source"]["source"] == {"type": "file_id", "id": file.id}
    query = f"project_id=proj_default&run_id={run['id']}"
    assert run["report_url"] == f"{server.url}/evaluations/{eval_id}?{query}"
    ended(client, eval_id, run["id"])


def test_a_run_has_the_name_and_metadata_it_was_given(client: openai.OpenAI) -> None:
    """Documented."""
    eval_id = new_eval(client)
    source: Any = jsonl(inline([]))

    run = client.evals.runs.create(eval_id, data_source=source, name="n", metadata={"a": "b"})

    assert (run.name, run.model, run.metadata) == ("n", "", {"a": "b"})
    read = ended(client, eval_id, run.id)
    assert (read.name, read.model, read.metadata) == ("n", "", {"a": "b"})


def test_messages_of_a_template_come_back_normalised(client: openai.OpenAI) -> None:
    """Observed 2025-05: a string becomes one object; a list is echoed as given (inferred)."""
    parts = [
        {"type": "input_text", "text": "{{ item.prompt }}"},
        {"type": "input_image", "image_url": "https://example.com/{{ item.expected }}.png"},
    ]
    given = template(
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": parts},
    )
    source = completions(inline([]), input_messages=given)

    run = ended_run(client, an_eval(), source)

    first = {"type": "input_text", "text": "Be brief."}
    assert run.to_dict()["data_source"] == {
        **source,
        "input_messages": {
            "type": "template",
            "template": [
                {"type": "message", "role": "developer", "content": first},
                {"type": "message", "role": "user", "content": parts},
            ],
        },
        "sampling_params": None,
    }


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({"max_completion_tokens": 5}, 5),
        ({"max_completions_tokens": 6}, 6),
        ({"max_completions_tokens": 6, "max_completion_tokens": 5}, 5),
    ],
)
def test_both_spellings_of_the_token_limit_work(
    client: openai.OpenAI, params: Json, sent: int
) -> None:
    """Both are documented, and the echo is as sent; samples carry both (plural observed)."""
    source = completions(inline(rows(1)), model="mirror", sampling_params=params)

    run = ended_run(client, an_eval(), source)

    (item,) = items_of(client, run)
    assert run.to_dict()["data_source"]["sampling_params"] == params  # type: ignore[index]
    assert f'"max_completion_tokens": {sent}' in said_by(item)
    assert "max_completions_tokens" not in said_by(item)
    sample = item.to_dict()["sample"]
    assert isinstance(sample, dict)
    assert sample["max_completion_tokens"] == sample["max_completions_tokens"] == sent


def test_rows_of_the_request_are_echoed_in_full(client: openai.OpenAI) -> None:
    """Documented; exporters rely on it. Whitespace between tokens may differ."""
    content = [{**row('a\nb ü𝄞 " \\'), "sample": None, "extra": [1, {}]}, row("{{ item.prompt }}")]
    source = completions(inline(content))

    run = ended_run(client, an_eval(), source)
    (listed,) = client.evals.runs.list(run.eval_id)

    for seen in (run, listed):
        assert seen.to_dict()["data_source"]["source"] == inline(content)  # type: ignore[index]


def test_no_rows_at_all_make_a_completed_run(client: openai.OpenAI) -> None:
    """Ours."""
    run = ended_run(client, an_eval(), jsonl(inline([])))

    assert (run.status, run.result_counts.total) == ("completed", 0)
    assert run.to_dict()["data_source"] == jsonl(inline([]))


def test_counts_at_the_end(client: openai.OpenAI) -> None:
    """Observed 2025-05: the total is the sum, and each criterion is counted under its id.

    That errored verdicts count neither as passed nor as failed is ours.
    """
    body = an_eval(
        string_check("same"),
        string_check("never", operation="ne", reference="{{ item.prompt }}"),
        string_check("lost", reference="{{ item.only }}"),
    )
    source = completions(
        inline([row("a", only="a"), row("b", "x", only="b"), row("c")]), model="mock-model"
    )

    run = ended_run(client, body, source)

    counts = run.result_counts
    assert (counts.total, counts.passed, counts.failed, counts.errored) == (3, 0, 2, 1)
    by_name = {
        each.testing_criteria[:-37]: (each.passed, each.failed)
        for each in run.per_testing_criteria_results
    }
    assert list(by_name.items()) == [("same", (2, 1)), ("never", (0, 3)), ("lost", (2, 0))]
    an_id = {dict(each)["id"] for each in client.evals.retrieve(run.eval_id).testing_criteria}
    assert {each.testing_criteria for each in run.per_testing_criteria_results} == an_id


@pytest.mark.parametrize("data_source", [completions, responses])
def test_usage_is_counted_under_the_name_that_the_provider_answers_with(
    client: openai.OpenAI, data_source: Any
) -> None:
    """Observed 2025-05."""
    run = ended_run(client, an_eval(), data_source(inline(rows(3)), model="mirror"))

    assert run.model == "mirror"
    assert [usage.to_dict() for usage in run.per_model_usage] == [
        {
            "model_name": SNAPSHOT,
            "invocation_count": 3,
            "prompt_tokens": 21,
            "completion_tokens": 6,
            "total_tokens": 27,
            "cached_tokens": 9,
        }
    ]


def test_a_jsonl_run_asks_no_model(client: openai.OpenAI, provider: MockProvider) -> None:
    """Documented; that usage is an empty list is ours."""
    before = provider.seen.requests

    run = ended_run(client, an_eval(), jsonl(inline([said("x", prompt="p", expected="x")])))

    assert run.result_counts.passed == 1
    assert run.per_model_usage == []
    assert run.model == ""
    assert provider.seen.requests == before


@pytest.mark.parametrize("data_source", [completions, responses])
def test_rows_of_an_uploaded_file_are_sampled_and_graded(
    client: openai.OpenAI, data_source: Any
) -> None:
    """Observed 2025-05 for completions, documented for responses."""
    lines = b'{"item":{"prompt":"a","expected":"a"}}\n{"item":{"prompt":"b","expected":"x"}}\n'
    file = client.files.create(file=("tickets.jsonl", lines), purpose="evals")

    items = graded(client, an_eval(), data_source(in_file(file.id)))

    assert [(item.status, said_by(item)) for item in items] == [("pass", "a"), ("fail", "b")]


def test_a_run_goes_on_though_its_file_is_deleted(client: openai.OpenAI) -> None:
    """Ours."""
    lines = b'{"item":{"prompt":"a","expected":"a"}}\n'
    file = client.files.create(file=("tickets.jsonl", lines), purpose="user_data")
    eval_id = new_eval(client)

    run_id = new_run(client, eval_id, completions(in_file(file.id)))
    client.files.delete(file.id)

    assert ended(client, eval_id, run_id).result_counts.passed == 1


def test_our_keys_never_go_to_a_provider(client: openai.OpenAI, provider: MockProvider) -> None:
    """Ours: without a key of its own, a provider is asked without any."""
    graded(client, an_eval(), completions(inline(rows(1))))

    assert provider.seen.authorizations == set()


def canceled_by_client(client: openai.OpenAI, eval_id: str, run_id: str) -> None:
    assert client.evals.runs.cancel(run_id, eval_id=eval_id).status == "canceled"


def canceled_by_verb(client: openai.OpenAI, eval_id: str, run_id: str) -> None:
    path = f"/evals/{eval_id}/runs/{run_id}/cancel"
    run = client.post(path, cast_to=RunRetrieveResponse)
    assert (run.id, run.status) == (run_id, "canceled")


@pytest.mark.parametrize("cancel", [canceled_by_client, canceled_by_verb])
def test_both_paths_cancel_and_a_second_time_changes_nothing(
    client: openai.OpenAI, cancel: Any
) -> None:
    """Documented twice, differently; that repeating it is harmless is ours."""
    eval_id = new_eval(client)
    run_id = new_run(client, eval_id, completions(inline([row(f"[slow] {n}") for n in range(5)])))

    cancel(client, eval_id, run_id)
    cancel(client, eval_id, run_id)

    run = client.evals.runs.retrieve(run_id, eval_id=eval_id)
    counts = run.result_counts
    assert run.status == "canceled"
    assert run.to_dict()["error"] is None
    assert run.per_model_usage == []
    assert [each.id for each in client.evals.runs.list(eval_id, status="canceled")] == [run_id]
    assert list(client.evals.runs.list(eval_id, status="in_progress")) == []
    assert counts.total == counts.passed + counts.failed + counts.errored


def test_canceling_a_completed_run_leaves_it_completed(client: openai.OpenAI) -> None:
    """Ours."""
    run = ended_run(client, an_eval(), jsonl(inline([said("x", prompt="p", expected="x")])))

    again = client.evals.runs.cancel(run.id, eval_id=run.eval_id)

    assert again.to_dict() == run.to_dict()


def test_a_deleted_run_is_gone_with_its_items(client: openai.OpenAI) -> None:
    """Documented; the key of the id is `run_id`."""
    run = ended_run(client, an_eval(), jsonl(inline([said("x", prompt="p", expected="x")])))
    (item,) = items_of(client, run)
    place: Json = {"eval_id": run.eval_id, "run_id": run.id}

    deleted = client.evals.runs.delete(run.id, eval_id=run.eval_id)

    assert deleted.to_dict() == {"object": "eval.run.deleted", "deleted": True, "run_id": run.id}
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.delete(run.id, eval_id=run.eval_id)
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.retrieve(run.id, eval_id=run.eval_id)
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.output_items.list(**place)
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.output_items.retrieve(item.id, **place)


def test_a_run_belongs_to_its_eval(client: openai.OpenAI) -> None:
    """Ours: under another eval's path it is not there."""
    run_id = new_run(client, new_eval(client), jsonl(inline([])))
    other = new_eval(client)

    for refused in (client.evals.runs.retrieve, client.evals.runs.cancel, client.evals.runs.delete):
        with pytest.raises(openai.NotFoundError, match=run_id):
            refused(run_id, eval_id=other)
