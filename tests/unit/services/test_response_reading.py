"""When the last event of a response goes out: after the commit, or never. Rests on: ours."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from evald.adapters.clock import SystemClock
from evald.domain.errors import LogNotKept
from evald.domain.logs.server_events import DONE, data_event
from evald.domain.logs.terms import LogKind
from evald.ports.clock import Clock
from evald.ports.kept import StoredLog, UsageEntry
from evald.ports.relay import Relay, RelayRequest
from evald.services.context import Context
from evald.services.relaying import Caller
from evald.services.response_keeping import ResponseKeeper
from evald.services.response_reading import ResponseReader
from evald.services.response_requests import ResponseCall
from evald.services.response_translating import TranslatingReader
from evald.wire.responses import CreateResponseRequest


@dataclass
class Logs:
    """Keeps a log once it may, or fails."""

    fails: bool = False
    may_commit: asyncio.Event = field(default_factory=asyncio.Event)
    kept: list[StoredLog] = field(default_factory=list)

    async def keep(self, log: StoredLog, usage: UsageEntry | None = None) -> StoredLog:
        await self.may_commit.wait()
        if self.fails:
            raise LogNotKept
        self.kept.append(log)
        return log

    async def claim(self, kind: LogKind, log_id: str) -> str:
        return log_id

    def release(self, log_id: str) -> None:
        """Nothing is claimed."""

    def note_usage(self, entry: UsageEntry) -> None:
        """Nobody looks at it."""


@dataclass
class Around:
    """The world, as far as keeping looks at it."""

    logs: Logs
    clock: Clock


@dataclass
class Provider:
    """A relay that nobody opens."""

    provider: str = "toy"


REQUEST: dict[str, Any] = {"model": "m", "input": "Hi", "stream": True}
CALL = ResponseCall(
    caller=Caller("project", "key", "req"),
    relay=cast("Relay", Provider()),
    asked=CreateResponseRequest(model="m", stream=True),
    request=REQUEST,
    kept=REQUEST,
    sent=RelayRequest("POST", "responses"),
    told={},
)
RESPONSE: dict[str, Any] = {"id": "resp_1", "object": "response", "status": "completed"}
COMPLETED = data_event({"type": "response.completed", "response": {**RESPONSE, "output": []}})
CHUNK = data_event({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})


def reading(logs: Logs) -> ResponseReader:
    context = cast("Context", Around(logs, SystemClock()))
    return ResponseReader(ResponseKeeper(context, CALL), CALL)


def translating(logs: Logs) -> TranslatingReader:
    context = cast("Context", Around(logs, SystemClock()))
    return TranslatingReader(ResponseKeeper(context, CALL), CALL, SystemClock())


def events_in(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(each.split(b"data: ")[1]) for each in content.strip().split(b"\n\n")]


@pytest.mark.parametrize("is_translated", [False, True])
async def test_the_last_event_waits_for_the_commit(is_translated: bool) -> None:
    logs = Logs()
    reader = translating(logs) if is_translated else reading(logs)
    going_out = asyncio.create_task(reader.event(DONE if is_translated else COMPLETED))
    await asyncio.sleep(0)
    assert not going_out.done()

    logs.may_commit.set()

    assert b'"response.completed"' in await going_out
    assert len(logs.kept) == 1


async def test_a_response_that_cannot_be_kept_is_not_given_out() -> None:
    logs = Logs(fails=True)
    logs.may_commit.set()
    reader = reading(logs)

    with pytest.raises(LogNotKept) as problem:
        await reader.event(COMPLETED)

    (last,) = events_in(reader.failure(problem.value))
    assert (last["type"], last["code"]) == ("error", "log_not_kept")


async def test_a_translated_response_that_cannot_be_kept_fails_in_its_last_event() -> None:
    logs = Logs(fails=True)
    logs.may_commit.set()
    reader = translating(logs)
    gone_out = await reader.event(CHUNK)

    with pytest.raises(LogNotKept) as problem:
        await reader.event(DONE)

    events = events_in(gone_out + reader.failure(problem.value))
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    assert [each["type"] for each in events[-2:]] == [
        "response.output_item.done",
        "response.failed",
    ]
    assert events[-1]["response"]["error"]["code"] == "log_not_kept"
