"""Passing requests on to a function of the operator's own, as if it were a provider far away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import JsonValue

from evald.adapters.models.provider import Provider
from evald.domain import exact_json
from evald.domain.logs.chat_chunks import chunks_of
from evald.domain.logs.server_events import DONE, data_event
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelClient, ModelFailure, ModelRequest
from evald.ports.relay import RelayAnswer, RelayRequest

CHAT_COMPLETIONS = "chat/completions"


class PythonRelay:
    """The way to a provider of kind `python`. Fulfils `evald.ports.relay.Relay`.

    Args:
        provider: of kind `python`.
        client: its function as a model client.
        clock: for the deadline.
        attempt_timeout_s: seconds that one call may take.
    """

    def __init__(
        self,
        provider: Provider,
        client: ModelClient,
        *,
        clock: Clock,
        attempt_timeout_s: float = 600.0,
    ) -> None:
        self.provider = provider.name
        self.forwards_store = provider.forward_store
        self.responses = provider.responses
        self._client = client
        self._clock = clock
        self._attempt_timeout_s = attempt_timeout_s

    @asynccontextmanager
    async def open(self, request: RelayRequest) -> AsyncIterator[RelayAnswer | ModelFailure]:
        """The function's answer, told in chunks where the body asks for a stream."""
        yield await self._answer(request)

    async def _answer(self, request: RelayRequest) -> RelayAnswer | ModelFailure:
        body = _object(request.body)
        if request.path != CHAT_COMPLETIONS:
            return self._unsupported(request.path)
        asked = ModelRequest(
            api="chat_completions",
            model=str(body.get("model")),
            body=body,
            deadline=self._clock.monotonic() + self._attempt_timeout_s,
        )
        answer = await self._client.ask(asked)
        if isinstance(answer, ModelFailure):
            return answer
        if body.get("stream") is not True:
            chunks = [exact_json.dump(answer.body).encode()]
            return RelayAnswer(200, {"content-type": "application/json"}, _each(chunks))
        chunks = _told(answer.body, includes_usage=_includes_usage(body))
        return RelayAnswer(200, {"content-type": "text/event-stream"}, _each(chunks))

    def _unsupported(self, path: str) -> ModelFailure:
        return ModelFailure(
            FailureKind.UNSERVED,
            "unsupported_api",
            f"The Python provider '{self.provider}' speaks chat completions and not {path}.",
        )


def _object(body: bytes | None) -> dict[str, JsonValue]:
    value = exact_json.parse((body or b"{}").decode("utf-8-sig"))
    return value if isinstance(value, dict) else {}


def _includes_usage(body: dict[str, JsonValue]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _told(answer: dict[str, JsonValue], *, includes_usage: bool) -> list[bytes]:
    chunks = chunks_of(answer, includes_usage=includes_usage)
    return [*(data_event(chunk) for chunk in chunks), DONE]


async def _each(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
