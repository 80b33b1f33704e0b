"""Things to keep, each with an id of its own, and the walk over all pages of a list."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any, TypeVar

from evald.domain.exact_json import content_hash
from evald.domain.logs.terms import completion_terms
from evald.domain.tally import CriterionCount, Tally, Usage
from evald.ports.kept import (
    Page,
    Rows,
    StoredFile,
    StoredKey,
    StoredLog,
    StoredOutputItem,
    StoredRun,
)
from evald.ports.store import Store
from evald.wire.criteria import TestingCriterion, read_criterion
from evald.wire.evals import Eval
from evald.wire.files import File
from evald.wire.ids import FILE_PREFIX, IdPrefix
from evald.wire.output_items import OutputItemStatus
from evald.wire.pages import ListQuery

PROJECT = "proj_default"
OTHER_PROJECT = "proj_other"
NOW = 1_750_000_000

Q = TypeVar("Q", bound=ListQuery)
Listed = TypeVar("Listed")

_numbers = count(1)


def new_id(prefix: str) -> str:
    """An id that no other test has. Later ones sort before earlier ones, as random ones may."""
    return f"{prefix}{2**128 - next(_numbers):032x}"


def criterion(**changes: Any) -> TestingCriterion:
    grader = {
        "id": "Right-00000000-0000-4000-8000-000000000001",
        "type": "string_check",
        "name": "Right",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.answer }}",
        "operation": "eq",
    }
    return read_criterion({**grader, **changes})


def new_eval(**changes: Any) -> Eval:
    values: dict[str, Any] = {
        "id": new_id(IdPrefix.EVAL),
        "created_at": NOW,
        "name": "Capitals",
        "metadata": {"team": "atlas"},
        "data_source_config": {"type": "custom", "schema": {"type": "object"}},
        "testing_criteria": [criterion()],
    }
    return Eval.model_construct(**{**values, **changes})


def new_log(**changes: Any) -> StoredLog:
    """A stored chat completion, found by its model and metadata."""
    values: dict[str, Any] = {
        "id": new_id("chatcmpl-"),
        "project_id": PROJECT,
        "kind": "chat_completion",
        "created": NOW,
        "model": "gpt-x",
        "metadata": {"use": "tests"},
        "body": '{"object":"chat.completion","choices":[]}',
        "request": '{"model":"gpt-x","messages":[]}',
        "request_id": "req_1",
        "provider": "default",
        **changes,
    }
    terms = completion_terms(values["model"], values["metadata"])
    return StoredLog(**{"terms": terms, **values})


def new_run(eval_id: str, **changes: Any) -> StoredRun:
    values: dict[str, Any] = {
        "id": new_id(IdPrefix.RUN),
        "project_id": PROJECT,
        "eval_id": eval_id,
        "created_at": NOW,
        "status": "queued",
        "name": "nightly",
        "model": "gpt-x",
        "metadata": {"branch": "main"},
        "data_source": {"type": "jsonl", "source": {"type": "file_content", "content": []}},
        "rows": Rows(new_id(IdPrefix.BLOB), inline=False),
    }
    return StoredRun(**{**values, **changes})


def new_item(row: int, **changes: Any) -> StoredOutputItem:
    status: OutputItemStatus = changes.get("status", "pass")
    values: dict[str, Any] = {
        "id": new_id(IdPrefix.OUTPUT_ITEM),
        "row": row,
        "created_at": NOW + row,
        "status": status,
        "content_hash": content_hash({"row": row}),
        "item_json": f'{{"row":{row}}}',
        "results_json": "[]",
        "sample_json": "{}",
        "tally": tally_of(status),
    }
    return StoredOutputItem(**{**values, **changes})


def tally_of(status: OutputItemStatus, *, model: str = "gpt-x-2026") -> Tally:
    """What one item of this status adds to its run's tally."""
    counts = (int(status == "pass"), int(status == "fail"), int(status == "error"))
    return Tally(
        *counts,
        criteria={"Right-1": CriterionCount(*counts)},
        usage={model: Usage(1, 2, 3, 5, 1)},
        grader_usage={"grader": Usage(1, 1, 1, 2)},
    )


def as_kept(item: StoredOutputItem) -> StoredOutputItem:
    """The item as it is read: its tally is part of the run's by then."""
    return StoredOutputItem(
        id=item.id,
        row=item.row,
        created_at=item.created_at,
        status=item.status,
        content_hash=item.content_hash,
        item_json=item.item_json,
        results_json=item.results_json,
        sample_json=item.sample_json,
    )


def new_file(**changes: Any) -> StoredFile:
    values: dict[str, Any] = {
        "id": new_id(FILE_PREFIX),
        "purpose": "evals",
        "filename": "rows.jsonl",
        "bytes": 12,
        "created_at": NOW,
        "expires_at": None,
    }
    return StoredFile(File(**{**values, **changes}), new_id(IdPrefix.BLOB))


def new_key(**changes: Any) -> StoredKey:
    values: dict[str, Any] = {
        "id": new_id(IdPrefix.KEY),
        "project_id": PROJECT,
        "name": "ci",
        "hint": "…wxyz",
        "created_at": NOW,
        "revoked_at": None,
    }
    return StoredKey(**{**values, **changes})


async def keep_eval(store: Store, **changes: Any) -> Eval:
    an_eval = new_eval(**changes)
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
    return an_eval


async def keep_run(store: Store, eval_id: str | None = None, **changes: Any) -> StoredRun:
    """A run that is kept; of an eval of its own, unless one is named."""
    run = new_run(eval_id or (await keep_eval(store)).id, **changes)
    async with store.transaction() as tx:
        await tx.runs.insert(run)
    return run


async def keep_items(store: Store, run_id: str, items: Sequence[StoredOutputItem]) -> None:
    async with store.transaction() as tx:
        await tx.work.record(run_id, list(items))


async def keep_file(store: Store, **changes: Any) -> StoredFile:
    stored = new_file(**changes)
    async with store.transaction() as tx:
        await tx.files.insert(PROJECT, stored)
    return stored


async def find_run(store: Store, run_id: str) -> StoredRun | None:
    async with store.snapshot() as tx:
        return await tx.work.find(run_id)


async def tally_kept(store: Store, run_id: str) -> Tally:
    run = await find_run(store, run_id)
    return Tally(passed=-1) if run is None else run.tally


async def walk(
    page: Callable[[Q], Awaitable[Page[Listed]]], query: Q, id_of: Callable[[Listed], str]
) -> list[str]:
    """The ids of all pages, asked for as a client's auto-paging asks for them."""
    ids: list[str] = []
    while True:
        answer = await page(query)
        ids += [id_of(each) for each in answer.rows]
        if not answer.has_more:
            return ids
        assert len(answer.rows) == query.limit
        query = query.model_copy(update={"after": ids[-1]})
