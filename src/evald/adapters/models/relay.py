"""Passing requests on to a provider that speaks OpenAI's API, bytes as they are."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
from pydantic import JsonValue
from yarl import URL

from evald.adapters.http_session import attempt_timeout, sendable
from evald.adapters.models.openai_http import is_key_missing, joined, without_any_key
from evald.adapters.models.provider import Provider
from evald.adapters.models.refusals import refusal, without_key
from evald.domain import exact_json
from evald.ports.model import FailureKind, ModelFailure
from evald.ports.relay import RelayAnswer, RelayBroken, RelayRequest, RelaySilent

SILENCE_S = 300.0
"""So long nothing may come of an answer that has begun."""

MAX_ERROR_BYTES = 1024 * 1024
"""An error's body is passed on up to this size; of a larger one, its beginning is told."""

SENT = frozenset({"accept", "content-type", "idempotency-key", "openai-beta"})
"""What of a client's headers goes along. All else is between the client and this server."""

PASSED_ON = frozenset({"content-type", "retry-after", "retry-after-ms", "x-should-retry"})
"""What of a provider's headers the client is told, besides its rate limits and request id."""

RATE_LIMITS = "x-ratelimit-"
REQUEST_ID = "x-request-id"
UPSTREAM_ID = "x-upstream-request-id"
MAX_HEADER = 1_024
KNOWN_URLS = 16
_DOTS = {".": "%2E", "..": "%2E%2E"}


@dataclass(frozen=True, slots=True)
class _Deadlines:
    """How long a call may take, as the session is told it and for messages; the silence within."""

    whole: aiohttp.ClientTimeout
    whole_s: float
    silence_s: float


class HttpRelay:
    """The way to one provider. Fulfils `evald.ports.relay.Relay`.

    Args:
        provider: of kind `openai`.
        session: the process's one, from `open_session`.
        attempt_timeout_s: seconds from the first try to connect until the answer is whole.
        silence_s: seconds for which nothing may come of an answer that has begun.
    """

    def __init__(
        self,
        provider: Provider,
        session: aiohttp.ClientSession,
        *,
        attempt_timeout_s: float = 600.0,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.provider = provider.name
        self.forwards_store = provider.forward_store
        self.responses = provider.responses
        self._provider = provider
        self._session = session
        self._base = URL(provider.base_url)
        self._urls: dict[str, URL] = {}
        whole = attempt_timeout(attempt_timeout_s)
        self._within = _Deadlines(whole, attempt_timeout_s, min(silence_s, attempt_timeout_s))
        self._keys = _spellings(provider.api_key)
        self._refused = without_any_key(provider) if is_key_missing(provider) else None

    @asynccontextmanager
    async def open(self, request: RelayRequest) -> AsyncIterator[RelayAnswer | ModelFailure]:
        """The answer to one attempt, or why there is none.

        An answer that was not read to its end takes its connection along.
        """
        response = self._refused or await self._response(request)
        if isinstance(response, ModelFailure):
            yield response
            return
        async with response:
            yield await self._answer(response)

    async def _response(self, request: RelayRequest) -> aiohttp.ClientResponse | ModelFailure:
        try:
            return await self._session.request(
                request.method,
                self._url(request),
                data=None if request.body is None else sendable(request.body),
                headers=self._headers(request),
                timeout=self._within.whole,
                allow_redirects=False,
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return self._failure(
                FailureKind.UNREACHABLE, "provider_unreachable", "was not reached", error
            )
        except TimeoutError:
            text = f"did not answer within {self._within.whole_s:.4g} s"
            return self._failure(FailureKind.TIMEOUT, "provider_timeout", text)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            text = "broke the connection before it answered"
            return self._failure(FailureKind.BROKEN, "provider_broken", text, error)

    def _url(self, request: RelayRequest) -> URL:
        url = self._urls.get(request.path) or self._new_url(request.path)
        return url.extend_query(request.query) if request.query else url

    def _new_url(self, path: str) -> URL:
        # A segment is a name, whatever it holds: what a caller chose can lead nowhere else.
        segments = [quote(each, safe="-_.~:@") for each in path.split("/")]
        url = joined(self._base, "/".join(_DOTS.get(each, each) for each in segments))
        if len(self._urls) < KNOWN_URLS:  # the first ones are those that are asked again and again
            self._urls[path] = url
        return url

    def _headers(self, request: RelayRequest) -> dict[str, str]:
        headers = {} if request.body is None else {"content-type": "application/json"}
        headers |= {name.lower(): value for name, value in request.headers if name.lower() in SENT}
        # What is compressed could neither be read beside nor be passed on event by event.
        headers["Accept-Encoding"] = "identity"
        if self._provider.api_key:
            headers["Authorization"] = f"Bearer {self._provider.api_key}"
        return headers

    async def _answer(self, response: aiohttp.ClientResponse) -> RelayAnswer:
        headers = self._passed_on(response.headers)
        if 200 <= response.status < 300:
            return RelayAnswer(response.status, headers, self._chunks(response))
        body = b"".join([chunk async for chunk in self._error_chunks(response)])
        if len(body) > MAX_ERROR_BYTES:
            body = self._told_in_short(response.status, body)
            headers["content-type"] = "application/json"
        for key in self._keys:
            body = body.replace(key, b"***")
        return RelayAnswer(response.status, headers, _one(body))

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        content = response.content
        problem: RelayBroken
        self._time_silence(response)
        try:
            while chunk := await content.readany():
                yield chunk
        except TimeoutError:
            silence = f"sent nothing more for {self._within.silence_s:.4g} s, or was not done"
            within = f"within {self._within.whole_s:.4g} s"
            problem = RelaySilent(self._sentence(f"{silence} {within}"))
        except (aiohttp.ClientError, OSError):
            text = "broke the connection before its answer was whole"
            problem = RelayBroken(self._sentence(text))
        else:
            return
        # What came before the end, while a chunk before it was passed on, aiohttp tells nobody.
        if left := b"".join(content._buffer):  # noqa: SLF001
            yield left
        raise problem

    def _time_silence(self, response: aiohttp.ClientResponse) -> None:
        """From now on nothing may be long in coming; until now a model has thought.

        Told to the connection, which takes a fifth of the time of a timeout around each read.
        """
        protocol = response.connection.protocol if response.connection is not None else None
        if protocol is not None:
            protocol.read_timeout = self._within.silence_s
            protocol.start_timeout()

    async def _error_chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """What comes of an error's body, up to the limit and a little; a cut one as it is."""
        size = 0
        try:
            async for chunk in self._chunks(response):
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
