"""Logs as the gateway keeps them, put into a store from outside."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

from evald.adapters.sql.store import SqlStore, open_shared_store
from evald.domain.logs.terms import completion_terms, response_terms
from evald.ports.kept import StoredLog
from tests.support.new_store import open_new_store

PROJECT = "proj_default"
NOW = 1_750_000_000
MODEL = "mock-model"
BATCH = 1_000

_numbers = count(1)


def completion(question: str, answer: str | None, **changes: Any) -> StoredLog:
    """A stored chat completion of this question; `request` and `message` add to its parts."""
    metadata, model = changes.pop("metadata", {}), changes.pop("model", MODEL)
    message = {"role": "assistant", "content": answer, **changes.pop("message", {})}
    asked = {"model": model, "messages": [{"role": "user", "content": question}]}
    request: dict[str, Any] = {**asked, **changes.pop("request", {})}
    body = {
        "id": f"chatcmpl-{next(_numbers):024}",
        "object": "chat.completion",
        "created": NOW,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }
    values: dict[str, Any] = {
        "id": body["id"],
        "project_id": PROJECT,
        "kind": "chat_completion",
        "created": NOW,
        "model": model,
        "metadata": metadata,
        "request": json.dumps(request),
        "body": json.dumps(body),
        "terms": completion_terms(model, metadata),
        "provider": "default",
    }
    return StoredLog(**{**values, **changes})


def response(question: Any, answer: str, **changes: Any) -> StoredLog:
    """A stored response to this input; `request` adds to what was asked, `output` is added."""
    metadata, model = changes.pop("metadata", {}), changes.pop("model", MODEL)
    request = {"model": model, "input": question, **changes.pop("request", {})}
    said = {"type": "output_text", "text": answer, "annotations": []}
    body = {
        "id": f"resp_{next(_numbers):024}",
        "object": "response",
        "created_at": NOW,
        "status": "completed",
        "model": model,
        "instructions": request.get("instructions"),
        "tools": request.get("tools", []),
        "output": [
            *changes.pop("output", []),
            {"type": "message", "id": "msg_1", "role": "assistant", "content": [said]},
        ],
        "usage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
    }
    values: dict[str, Any] = {
        "id": body["id"],
        "project_id": PROJECT,
        "kind": "response",
        "created": NOW,
        "model": model,
        "metadata": metadata,
        "request": json.dumps(request),
        "body": json.dumps(body),
        "terms": response_terms(model, metadata, request),
        "provider": "default",
    }
    return StoredLog(**{**values, **changes})


@asynccontextmanager
async def opened(place: Path | str) -> AsyncIterator[SqlStore]:
    """The store of this data folder, or of the database at this address."""
    if isinstance(place, Path):
        store = await open_new_store(place / "evald.sqlite3")
    else:
        store = await open_shared_store(place, connections=2)
    try:
        yield store
    finally:
        await store.close()


def keep_logs(place: Path | str, logs: Iterable[StoredLog]) -> list[str]:
    """The ids of the logs, which are kept in the store of this place, also beside a server."""

    async def keep() -> list[str]:
        ids: list[str] = []
        async with opened(place) as store:
            for batch in _batches(logs):
                async with store.transaction() as tx:
                    assert all(await tx.logs.insert(batch))
                ids += [each.id for each in batch]
        return ids

    return asyncio.run(keep())


def keep_messages(place: Path | str, completion_id: str, texts: Sequence[str]) -> None:
    """The messages of an imported completion are kept: a system's, then a user's."""

    async def keep() -> None:
        async with opened(place) as store, store.transaction() as tx:
            for number, (role, text) in enumerate(zip(("system", "user"), texts, strict=True)):
                message: dict[str, Any] = {"id": f"{completion_id}-{number}", "role": role}
                said = {**message, "content": text, "content_parts": None, "name": None}
                await tx.imports.add_message(completion_id, number, said)

    asyncio.run(keep())


def delete_logs(place: Path | str) -> int:
    """Every log is gone; how many there were."""

    async def delete() -> int:
        gone = 0
        async with opened(place) as store:
            while True:
                async with store.transaction() as tx:
                    some = await tx.logs.delete_expired(created_before=2**40, most=BATCH)
                if some == 0:
                    return gone
                gone += some

    return asyncio.run(delete())


def _batches(logs: Iterable[StoredLog]) -> Iterator[Sequence[StoredLog]]:
    each = iter(logs)
    while batch := list(islice(each, BATCH)):
        yield batch
