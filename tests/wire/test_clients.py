"""The official client in its other shapes: asynchronous, strict, and as its errors are caught."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai.pagination import SyncCursorPage
from openai.types import EvalCreateResponse, EvalListResponse

from tests.support.running_server import RunningServer
from tests.wire.bodies import an_eval, completions, in_file, inline, rows, string_check
from tests.wire.runs import new_eval, new_run

LABEL = {
    "type": "label_model",
    "name": "label",
    "model": "o3",
    "input": [{"role": "user", "content": "x"}],
    "labels": ["a", "b"],
    "passing_labels": ["a"],
}
SIMILARITY = {
    "type": "text_similarity",
    "name": "alike",
    "input": "a",
    "reference": "b",
    "evaluation_metric": "rouge_l",
    "pass_threshold": 0.5,
}
SCORE = {
    "type": "score_model",
    "name": "score",
    "model": "o3",
    "input": [{"role": "user", "content": "x"}],
    "range": [0, 1],
}


@pytest.fixture
async def client_async(server: RunningServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="sk-any") as official:
        yield official


async def test_the_asynchronous_client_does_it_all(client_async: openai.AsyncOpenAI) -> None:
    """Documented: create, upload, run, poll, page, cancel, delete, and a 404 after that."""
    evals, runs = client_async.evals, client_async.evals.runs
    made = await evals.create(**an_eval())
    lines = b"".join(b'{"item":{"prompt":"%d","expected":"%d"}}\n' % (n, n) for n in range(105))
    file = await client_async.files.create(file=("rows.jsonl", lines), purpose="evals")
    source: Any = completions(in_file(file.id))

    run = await runs.create(made.id, data_source=source)
    async with asyncio.timeout(30):
        while (read := await runs.retrieve(run.id, eval_id=made.id)).status != "completed":
            assert read.status in {"queued", "in_progress"}
    items = [each async for each in runs.output_items.list(run.id, eval_id=made.id)]

    assert read.result_counts.passed == 105
    assert [item.datasource_item_id for item in items] == list(range(105))
    assert (await runs.cancel(run.id, eval_id=made.id)).status == "completed"
    assert [each.id async for each in runs.list(made.id)] == [run.id]
    assert (await runs.delete(run.id, eval_id=made.id)).deleted
    assert (await evals.delete(made.id)).deleted
    assert (await client_async.files.delete(file.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await evals.retrieve(made.id)


@pytest.fixture
def strict(server: RunningServer) -> openai.OpenAI:
    """A client that refuses answers which are not as the document types them."""
    return server.client(_strict_response_validation=True)


def test_the_strict_client_takes_evals_lists_and_deletions(strict: openai.OpenAI) -> None:
    """Documented; runs that have not ended are refused by it, there as here (nulls observed)."""
    body = an_eval(string_check(), LABEL, SIMILARITY, SCORE, metadata={"a": "b"})

    made = strict.evals.create(**body)
    read = strict.evals.retrieve(made.id)
    changed = strict.evals.update(made.id, name="renamed")
    page = strict.evals.list(limit=1, order="desc")
    logs = strict.evals.create(**an_eval(data_source_config={"type": "logs", "metadata": {}}))
    file = strict.files.create(file=("rows.jsonl", b"{}"), purpose="user_data")

    assert isinstance(made, EvalCreateResponse)
    assert [type(each).__name__ for each in made.testing_criteria] == [
        "StringCheckGrader",
        "LabelModelGrader",
        "TestingCriterionEvalGraderTextSimilarity",
        "TestingCriterionEvalGraderScoreModel",
    ]
    assert read.to_dict() == {**changed.to_dict(), "name": "echo"}
    assert isinstance(page, SyncCursorPage)
    assert isinstance(page.data[0], EvalListResponse)
    assert strict.evals.delete(made.id).eval_id == made.id
    assert strict.evals.delete(logs.id).deleted
    assert strict.files.retrieve(file.id).id == file.id
    assert strict.files.delete(file.id).deleted
    assert strict.models.list().object == "list"


def test_errors_are_of_the_classes_that_clients_catch(client: openai.OpenAI) -> None:
    """The client's own table of statuses; code and param come from the envelope."""
    hasty = client.with_options(max_retries=0)
    headers = {"Idempotency-Key": new_eval(client)}
    hasty.evals.create(**an_eval(), extra_headers=headers)

    with pytest.raises(openai.BadRequestError) as bad:
        hasty.evals.create(**an_eval(string_check(operation="neq")))
    with pytest.raises(openai.NotFoundError) as missing:
        hasty.evals.retrieve("eval_nowhere")
    with pytest.raises(openai.ConflictError) as conflict:
        hasty.evals.create(**an_eval(name="other"), extra_headers=headers)

    assert (bad.value.code, bad.value.param) == ("invalid_value", "testing_criteria[0].operation")
    assert "Supported values are: 'eq', 'ne', 'like' or 'ilike'" in bad.value.message
    assert (missing.value.code, missing.value.param) == ("not_found", None)
    assert (conflict.value.code, conflict.value.param) == ("idempotency_conflict", None)
    for error in (bad.value, missing.value, conflict.value):
        assert error.type == "invalid_request_error"
        assert str(error.request_id).startswith("req_")


def test_a_wrong_key_is_an_authentication_error(keyed_server: RunningServer) -> None:
    """Observed."""
    with (
        keyed_server.client(api_key="sk-wrong") as client,
        pytest.raises(openai.AuthenticationError) as refused,
    ):
        client.evals.list()

    assert refused.value.code == "invalid_api_key"
    assert "sk-wrong" not in refused.value.message


def test_any_key_is_good_where_none_is_configured(server: RunningServer) -> None:
    """Ours; only on loopback."""
    for key in ("sk-a", "-", "x" * 2_000):
        with server.client(api_key=key) as client:
            assert len(client.evals.list(limit=1).data) <= 1


def test_azures_own_client_works_with_its_paths_and_its_key_header(server: RunningServer) -> None:
    """Documented by Azure: `/openai/…`, `api-key`, `api-version` and `aoai-evals`."""
    with openai.AzureOpenAI(
        azure_endpoint=server.url,
        api_key="any",
        api_version="2025-04-01-preview",
        default_headers={"aoai-evals": "preview"},
    ) as client:
        eval_id = new_eval(client)
        listed = [each.id for each in client.evals.list(order="desc", limit=5)]
        run_id = new_run(client, eval_id, completions(inline(rows(1))))

    assert eval_id in listed
    assert run_id
