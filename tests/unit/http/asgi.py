"""Asks an ASGI application without a server."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope

from evald.http.leaving import LEAVING, Leaving


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def scope_of(
    method: str = "GET",
    path: str = "/",
    *,
    headers: Iterable[tuple[str, str]] = (),
    query: str = "",
    leaving: Leaving | None = None,
) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "state": {"project_id": "proj_default", "request_id": "req_1"},
        "extensions": {LEAVING: leaving or Leaving(lambda: None)},
    }


def request_of(
    chunks: Iterable[bytes] = (), *, headers: Iterable[tuple[str, str]] = (), method: str = "POST"
) -> Request:
    """A request whose body comes in these chunks; it says no length unless the headers do."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    coming = iter([*messages, {"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(coming, {"type": "http.disconnect"})

    return Request(scope_of(method, "/v1/evals", headers=headers), receive)


async def ask(app: ASGIApp, scope: Scope, chunks: Iterable[bytes] = ()) -> Answer:
    answer = Answer()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {
                name.decode(): value.decode("latin-1") for name, value in message["headers"]
            }
        else:
            answer.body += message["body"]

    await app(scope, request_of(chunks).receive, send)
    return answer


async def stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def cut(whole: bytes, sizes: Iterable[int]) -> list[bytes]:
    """The bytes in pieces of these sizes, the last as long as it must be."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(whole[at : at + size])
        at += size
    return [*pieces, whole[at:]]
