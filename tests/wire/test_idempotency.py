"""Idempotency keys: the same key and request give the same object, another request a 409.

All of it is ours; the document has no such header. The official client repeats a request that it
got no answer to, and sends no key unless it is told to.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pytest

from tests.support.running_server import RunningServer
from tests.wire.bodies import an_eval, completions, inline, jsonl, rows
from tests.wire.runs import new_eval

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def hasty(client: openai.OpenAI) -> openai.OpenAI:
    """A client that does not try again: it would after a 409."""
    return client.with_options(max_retries=0)


@pytest.fixture
def headers(hasty: openai.OpenAI) -> dict[str, str]:
    """A key that nobody else uses."""
    return {"Idempotency-Key": f"of-{new_eval(hasty)}"}


@pytest.fixture(params=["eval", "run", "file"])
def make(request: pytest.FixtureRequest, hasty: openai.OpenAI) -> Make:
    """Makes an object of a kind; what `named` says is part of the request."""

    def make_eval(named: str, **options: Any) -> Any:
        return hasty.evals.create(**an_eval(name=named), **options)

    def make_run(named: str, **options: Any) -> Any:
        source: Any = jsonl(inline([]))
        return hasty.evals.runs.create(eval_id, data_source=source, name=named, **options)

    def make_file(named: str, **options: Any) -> Any:
        return hasty.files.create(file=(named, b"{}"), purpose="evals", **options)

    eval_id = new_eval(hasty)
    return {"eval": make_eval, "run": make_run, "file": make_file}[request.param]


def test_the_same_request_gives_the_same_object(make: Make, headers: dict[str, str]) -> None:
    first, second = (make("a", extra_headers=headers) for _ in range(2))

    assert first.id == second.id
    assert first.created_at == second.created_at


def test_another_request_is_a_conflict(make: Make, headers: dict[str, str]) -> None:
    make("a", extra_headers=headers)

    with pytest.raises(openai.ConflictError) as refused:
        make("b", extra_headers=headers)

    assert refused.value.code == "idempotency_conflict"
    assert headers["Idempotency-Key"] in refused.value.message


def test_without_a_key_the_same_request_makes_two_objects(make: Make) -> None:
    assert make("a").id != make("a").id


def test_another_key_makes_another_object(make: Make, headers: dict[str, str]) -> None:
    other = {"Idempotency-Key": headers["Idempotency-Key"].upper()}

    assert make("a", extra_headers=headers).id != make("a", extra_headers=other).id


def test_a_key_belongs_to_its_path(hasty: openai.OpenAI, headers: dict[str, str]) -> None:
    source: Any = jsonl(inline([]))
    one, other = new_eval(hasty), new_eval(hasty)
    hasty.evals.runs.create(one, data_source=source, extra_headers=headers)

    with pytest.raises(openai.ConflictError):
        hasty.evals.runs.create(other, data_source=source, extra_headers=headers)


def test_a_refused_request_leaves_its_key_free(
    hasty: openai.OpenAI, headers: dict[str, str]
) -> None:
    with pytest.raises(openai.BadRequestError):
        hasty.evals.create(**an_eval(testing_criteria=[]), extra_headers=headers)

    assert hasty.evals.create(**an_eval(), extra_headers=headers).id


def test_a_run_with_rows_is_made_once(hasty: openai.OpenAI, headers: dict[str, str]) -> None:
    eval_id = new_eval(hasty)
    source: Any = completions(inline(rows(3)))

    made = [
        hasty.evals.runs.create(eval_id, data_source=source, extra_headers=headers)
        for _ in range(3)
    ]

    assert len({run.id for run in made}) == 1
    assert [run.id for run in hasty.evals.runs.list(eval_id)] == [made[0].id]


async def test_requests_at_once_make_one_object(
    server: RunningServer, headers: dict[str, str]
) -> None:
    async with (
        openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="sk-any") as client_async,
        asyncio.TaskGroup() as group,
    ):
        tasks = [
            group.create_task(client_async.evals.create(**an_eval(), extra_headers=headers))
            for _ in range(8)
        ]

    assert len({task.result().id for task in tasks}) == 1


def test_what_was_deleted_is_not_made_again(hasty: openai.OpenAI, headers: dict[str, str]) -> None:
    made = hasty.evals.create(**an_eval(), extra_headers=headers)
    hasty.evals.delete(made.id)

    with pytest.raises(openai.NotFoundError):
        hasty.evals.create(**an_eval(), extra_headers=headers)


def test_a_key_that_is_too_long_is_refused(make: Make) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        make("a", extra_headers={"Idempotency-Key": "k" * 256})

    assert refused.value.param == "Idempotency-Key"
