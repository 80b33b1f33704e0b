"""Passing requests on to a provider that speaks OpenAI's API, bytes as they are."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from urllib.parse import quote

from pydantic import JsonValue
from yarl import URL

from evald.adapters.http1.answer import ConnectionBroken, NotHttp, NotReached
from evald.adapters.http1.connection import Connection
from evald.adapters.http1.connections import Begun, Connections, Origin
from evald.adapters.http1.request import RequestHead
from evald.adapters.models.openai_http import (
    CONNECT_TIMEOUT_S,
    is_key_missing,
    joined,
    without_any_key,
)
from evald.adapters.models.provider import Provider
from evald.adapters.models.refusals import refusal, without_key
from evald.domain import exact_json
from evald.ports.model import FailureKind, ModelFailure
from evald.ports.relay import SENT, RelayAnswer, RelayBroken, RelayRequest, RelaySilent

SILENCE_S = 300.0
"""So long nothing may come of an answer that has begun."""

MAX_ERROR_BYTES = 1024 * 1024
"""An error's body is passed on up to this size; of a larger one, its beginning is told."""

PASSED_ON = frozenset({"content-type", "retry-after", "retry-after-ms", "x-should-retry"})
"""What of a provider's headers the client is told, besides its rate limits and request id."""

RATE_LIMITS = "x-ratelimit-"
REQUEST_ID = "x-request-id"
UPSTREAM_ID = "x-upstream-request-id"
MAX_HEADER = 1_024
KNOWN_HEADS = 16
_DOTS = {".": "%2E", "..": "%2E%2E"}


class HttpRelay:
    """The way to one provider. Fulfils `evald.ports.relay.Relay`.

    Args:
        provider: of kind `openai`.
        connections: the process's, from `open_connections`.
        attempt_timeout_s: seconds from the first try to connect until the answer is whole.
        silence_s: seconds for which nothing may come of an answer that has begun.
    """

    def __init__(
        self,
        provider: Provider,
        connections: Connections,
        *,
        attempt_timeout_s: float = 600.0,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.provider = provider.name
        self.forwards_store = provider.forward_store
        self.responses = provider.responses
        self._provider = provider
        self._base = URL(provider.base_url)
        self._origin = connections.origin(self._base)
        self._heads: dict[_Asked, RequestHead] = {}
        self._within_s = attempt_timeout_s
        self._silence_s = silence_s
        # Less than all of the time, so that running out of it there is told apart from running out
        # of it while a model, perhaps a paid one, is at work.
        self._connect_s = min(CONNECT_TIMEOUT_S, 0.9 * attempt_timeout_s)
        self._keys = _spellings(provider.api_key)
        self._refused = without_any_key(provider) if is_key_missing(provider) else None

    def open(
        self, request: RelayRequest
    ) -> AbstractAsyncContextManager[RelayAnswer | ModelFailure]:
        """The answer to one attempt, or why there is none.

        An answer that was not read to its end takes its connection along.
        """
        return _Opened(partial(self._begun, request), self._answer, self._origin)

    async def _begun(self, request: RelayRequest) -> "_Call | ModelFailure":
        if self._refused is not None:
            return self._refused
        until = asyncio.get_running_loop().time() + self._within_s
        body = request.body or b""
        try:
            head = self._head(request).of(body)
            begun = await self._origin.begin(head, body, connect_s=self._connect_s, until=until)
        except NotReached as error:
            return self._failure(
                FailureKind.UNREACHABLE, "provider_unreachable", "was not reached", error
            )
        except TimeoutError:
            text = f"did not answer within {self._within_s:.4g} s"
            return self._failure(FailureKind.TIMEOUT, "provider_timeout", text)
        except (ConnectionBroken, NotHttp, ValueError) as error:
            text = "broke the connection before it answered"
            return self._failure(FailureKind.BROKEN, "provider_broken", text, error)
        return _Call(begun, until)

    def _head(self, request: RelayRequest) -> RequestHead:
        """The head of such a request, made once: nearly all of them are alike."""
        has_body = request.body is not None
        asked = (request.method, request.path, request.query, request.headers, has_body)
        head = self._heads.get(asked)
        if head is None:
            head = RequestHead(request.method, self._url(request), self._headers(request))
            if len(self._heads) >= KNOWN_HEADS:  # most of them were asked once
                self._heads.clear()
            self._heads[asked] = head
        return head

    def _url(self, request: RelayRequest) -> URL:
        # A segment is a name, whatever it holds: what a caller chose can lead nowhere else.
        segments = [quote(each, safe="-_.~:@") for each in request.path.split("/")]
        url = joined(self._base, "/".join(_DOTS.get(each, each) for each in segments))
        return url.extend_query(request.query) if request.query else url

    def _headers(self, request: RelayRequest) -> dict[str, str]:
        headers = {} if request.body is None else {"content-type": "application/json"}
        headers |= {name.lower(): value for name, value in request.headers if name.lower() in SENT}
        # What is compressed could neither be read beside nor be passed on event by event.
        headers["Accept-Encoding"] = "identity"
        if self._provider.api_key:
            headers["Authorization"] = f"Bearer {self._provider.api_key}"
        return headers

    async def _answer(self, call: "_Call") -> RelayAnswer:
        answer = call.begun.answer
        headers = self._passed_on(answer.headers)
        if 200 <= answer.status < 300:
            return RelayAnswer(answer.status, headers, _Chunks(self, call))
        body = b"".join([chunk async for chunk in self._error_chunks(call)])
        if len(body) > MAX_ERROR_BYTES:
            body = self._told_in_short(answer.status, body)
            headers["content-type"] = "application/json"
        for key in self._keys:
            body = body.replace(key, b"***")
        return RelayAnswer(answer.status, headers, _one(body))

    async def piece(self, call: "_Call") -> bytes:
        """What came of the answer; nothing at its end.

        Raises:
            RelayBroken: it ended before it was whole, or nothing came in time.
        """
        now = asyncio.get_running_loop().time()
        try:
            if now >= call.until:
                raise TimeoutError
            return await call.begun.answer.piece(min(call.until, now + self._silence_s))
        except TimeoutError:
            silence = f"sent nothing more for {self._silence_s:.4g} s, or was not done"
            within = f"within {self._within_s:.4g} s"
            raise RelaySilent(self._sentence(f"{silence} {within}")) from None
        except (ConnectionBroken, NotHttp):
            text = "broke the connection before its answer was whole"
            raise RelayBroken(self._sentence(text)) from None

    async def _error_chunks(self, call: "_Call") -> AsyncIterator[bytes]:
        """What comes of an error's body, up to the limit and a little; a cut one as it is."""
        size = 0
        try:
            async for chunk in _Chunks(self, call):
                yield chunk
                size += len(chunk)
                if size > MAX_ERROR_BYTES:
                    return
        except RelayBroken:
            return  # the status has come, and says the most

    def _told_in_short(self, status: int, body: bytes) -> bytes:
        told = refusal(self._provider, status, content=body, retry_after_s=None)
        error: JsonValue = {
            "message": told.message,
            "type": "api_error",
            "param": None,
            "code": told.code,
        }
        return exact_json.dump({"error": error}).encode()

    def _passed_on(self, headers: Mapping[str, str]) -> dict[str, str]:
        passed = {}
        for given, value in headers.items():
            name = given.lower()
            if name == REQUEST_ID:
                name = UPSTREAM_ID
            elif name not in PASSED_ON and not name.startswith(RATE_LIMITS):
                continue
            if _is_plain(value) and not any(key in value.encode() for key in self._keys):
                passed[name] = value
        return passed

    def _failure(
        self, kind: FailureKind, code: str, text: str, error: Exception | None = None
    ) -> ModelFailure:
        return ModelFailure(kind, code, self._sentence(text, error))

    def _sentence(self, text: str, error: Exception | None = None) -> str:
        reason = f": {error}" if str(error or "") else "."
        told = f"Provider '{self._provider.name}' at {self._provider.address} {text}{reason}"
        return without_key(told, self._provider)


_Asked = tuple[str, str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], bool]
"""What the head of a request is made of: method, path, query, headers, and whether it has a body.
"""


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that is being answered, and the moment until which the answer may take."""

    begun: Begun
    until: float


class _Chunks(AsyncIterator[bytes]):
    """The bytes of an answer as they come. A class for the same reason as `_Opened`."""

    def __init__(self, relay: HttpRelay, call: _Call) -> None:
        self._relay = relay
        self._call = call

    async def __anext__(self) -> bytes:
        """The next of them."""
        if piece := await self._relay.piece(self._call):
            return piece
        raise StopAsyncIteration


class _Opened(AbstractAsyncContextManager[RelayAnswer | ModelFailure]):
    """One call, for as long as the block lasts.

    A class, since a generator of one's own would take three times as long for every call.
    """

    def __init__(
        self,
        begin: Callable[[], Awaitable[_Call | ModelFailure]],
        read: Callable[[_Call], Awaitable[RelayAnswer]],
        origin: Origin,
    ) -> None:
        self._begin = begin
        self._read = read
        self._origin = origin
        self._connection: Connection | None = None

    async def __aenter__(self) -> RelayAnswer | ModelFailure:
        """The answer, or why there is none."""
        call = await self._begin()
        if isinstance(call, ModelFailure):
            return call
        self._connection = call.begun.connection
        try:
            return await self._read(call)
        except BaseException:
            self._origin.end(self._connection)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """The answer is read no further."""
        if self._connection is not None:
            self._origin.end(self._connection)


def _spellings(key: str | None) -> tuple[bytes, ...]:
    """The key as it may stand in a body: as it is, or as JSON has it."""
    if not key:
        return ()
    in_json = json.dumps(key)[1:-1]
    spelled = dict.fromkeys((key, in_json, in_json.replace("/", "\\/")))
    return tuple(each.encode() for each in spelled)


def _is_plain(value: str) -> bool:
    """Whether a header of ours may hold the value: no line of a head can begin within it."""
    return value.isascii() and value.isprintable() and len(value) <= MAX_HEADER


async def _one(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body
