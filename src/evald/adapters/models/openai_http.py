"""Asking a provider that speaks OpenAI's API, over HTTP."""

import io
import math
import socket

import aiohttp
import orjson
from pydantic import JsonValue
from yarl import URL

from evald.adapters.models.provider import Provider
from evald.adapters.models.refusals import refusal, retry_after_s, without_key
from evald.domain import exact_json
from evald.domain.backoff import DEADLINE_EXCEEDED
from evald.ports.clock import Clock
from evald.ports.model import (
    AnyApi,
    FailureKind,
    ModelAnswer,
    ModelFailure,
    ModelRequest,
)
from evald.wire.model_cards import Model

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
CONNECT_TIMEOUT_S = 10.0
LIST_TIMEOUT_S = 5.0

_LARGE_BODY_BYTES = 1024 * 1024  # beyond it aiohttp wants a stream, so as not to hold up the loop
_PATHS: dict[AnyApi, str] = {
    "chat_completions": "chat/completions",
    "responses": "responses",
    "embeddings": "embeddings",
}


def open_session() -> aiohttp.ClientSession:
    """The one HTTP session of a process, to be closed at its end; needs a running event loop.

    Connections are kept alive and as many as asked for: the limiting clients govern. No cookies
    are kept, and no proxy or password is read from the environment.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, socket_factory=_patient_socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": "evald"},
    )


def _patient_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket whose connection outlives minutes of silence.

    A model may think for ten minutes, and the gateways of clouds forget a connection on which
    nothing has moved for less than that; a probe a minute keeps it in mind.
    """
    family, kind, protocol, *_ = address
    connection = socket.socket(family, kind, protocol)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
    if idle is not None:  # Linux's name and macOS's; elsewhere the system's own two hours remain
        connection.setsockopt(socket.IPPROTO_TCP, idle, 60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 60)
    return connection


class OpenAiHttp:
    """One provider's models, asked over HTTP: one attempt a call.

    Args:
        provider: of kind `openai`.
        session: the process's one, from `open_session`.
        clock: for deadlines.
        attempt_timeout_s: seconds from the first try to connect until the answer is whole.
    """

    def __init__(
        self,
        provider: Provider,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        attempt_timeout_s: float = 600.0,
    ) -> None:
        self._provider = provider
        self._session = session
        self._clock = clock
        self._attempt_timeout_s = attempt_timeout_s
        self._attempt_timeout = attempt_timeout(attempt_timeout_s)
        base = URL(provider.base_url)
        self._urls = {api: joined(base, path) for api, path in _PATHS.items()}
        self._list_url = joined(base, "models")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if provider.api_key:
            self._headers["Authorization"] = f"Bearer {provider.api_key}"
        self._key_missing = is_key_missing(provider)

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The provider's answer to one attempt, or what became of it."""
        if self._key_missing:
            return without_any_key(self._provider)
        began = self._clock.monotonic()
        left_s = request.deadline - began
        if left_s <= 0:
            return self._failure(FailureKind.TIMEOUT, DEADLINE_EXCEEDED, text="was asked too late")
        timeout = (
            self._attempt_timeout if left_s > self._attempt_timeout_s else attempt_timeout(left_s)
        )
        body = sendable(exact_json.dump_bytes(request.body))
        outcome = await self._attempt(self._urls[request.api], body, within=timeout)
        if isinstance(outcome, ModelFailure):
            return outcome
        return ModelAnswer(outcome, self._clock.monotonic() - began)

    async def list_models(self) -> list[Model]:
        """The models that the provider lists, in its order; none where it cannot be asked."""
        if self._key_missing:
            return []
        listing = await self._attempt(self._list_url, None, within=attempt_timeout(LIST_TIMEOUT_S))
        entries = [] if isinstance(listing, ModelFailure) else listing.get("data")
        if not isinstance(entries, list):
            return []
        models = [_listed(entry, self._provider) for entry in entries]
        return [model for model in models if model is not None]

    async def _attempt(
        self, url: URL, body: aiohttp.Payload | None, *, within: aiohttp.ClientTimeout
    ) -> dict[str, JsonValue] | ModelFailure:
        """The object that comes back for the body, or, without one, for a GET."""
        try:
            async with self._session.request(
                "GET" if body is None else "POST",
                url,
                data=body,
                headers=self._headers,
                timeout=within,
                allow_redirects=False,
            ) as response:
                return await self._outcome(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return self._failure(
                FailureKind.UNREACHABLE, "unreachable", text="was not reached", error=error
            )
        except TimeoutError:
            text = f"did not answer within {within.total:.4g} s"
            return self._failure(FailureKind.TIMEOUT, "timeout", text=text)
        except aiohttp.ClientResponseError as error:
            text = "answered with something that is not HTTP"
            return self._failure(FailureKind.MALFORMED, "malformed_answer", text=text, error=error)
        except (aiohttp.ClientError, OSError) as error:
            text = "broke the connection before its answer was whole"
            return self._failure(FailureKind.BROKEN, "connection_broken", text=text, error=error)

    async def _outcome(
        self, response: aiohttp.ClientResponse
    ) -> dict[str, JsonValue] | ModelFailure:
        if not 200 <= response.status < 300:
            return refusal(
                self._provider,
                response.status,
                content=await _content(response.content, limit=MAX_ERROR_BYTES),
                retry_after_s=retry_after_s(response.headers, now=self._clock.now()),
            )
        content = await _content(response.content, limit=MAX_ANSWER_BYTES)
        if len(content) > MAX_ANSWER_BYTES:
            text = f"answered with more than {MAX_ANSWER_BYTES} bytes"
            return self._failure(FailureKind.MALFORMED, "answer_too_large", text=text)
        try:
            return _object(content)
        except ValueError as error:
            text = "answered with something that is not a JSON object"
            return self._failure(FailureKind.MALFORMED, "malformed_answer", text=text, error=error)
        except _NoObject:
            # Without our key before it is cut: half a key is a key too.
            shown = without_key(content.decode(errors="replace"), self._provider)[:40]
            text = f"answered with JSON that is no object; it begins with {shown!r}"
            return self._failure(FailureKind.MALFORMED, "malformed_answer", text=text)

    def _failure(
        self, kind: FailureKind, code: str, *, text: str, error: Exception | None = None
    ) -> ModelFailure:
        message = f"Provider '{self._provider.name}' at {self._provider.address} {text}"
        reason = str(error or "")
        message += f": {reason}" if reason else "."
        return ModelFailure(kind, code, without_key(message, self._provider))


def is_key_missing(provider: Provider) -> bool:
    """Whether there is no use in asking the provider, since it is OpenAI and has no key."""
    return not provider.api_key and URL(provider.base_url).host == "api.openai.com"


def without_any_key(provider: Provider) -> ModelFailure:
    """Why a provider without the key that it needs is not asked."""
    where = (
        "name the variable that holds it as its api_key_env"
        if provider.models
        else "set EVALD_UPSTREAM_API_KEY or OPENAI_API_KEY"
    )
    return ModelFailure(
        FailureKind.UNSERVED,
        "provider_key_missing",
        f"Provider '{provider.name}' at {provider.address} has no API key: {where}.",
    )


def attempt_timeout(total_s: float) -> aiohttp.ClientTimeout:
    """The time for one call, connecting included."""
    # Connecting gets a little less than all, so that running out of time there is told apart from
    # running out of time while a model, perhaps a paid one, is at work. By itself aiohttp would
    # round what is above five seconds up to whole ones, and so beyond the deadline.
    connect_s = min(CONNECT_TIMEOUT_S, 0.9 * total_s)
    return aiohttp.ClientTimeout(total=total_s, connect=connect_s, ceil_threshold=math.inf)


def joined(base: URL, path: str) -> URL:
    """The URL of a path below a base URL."""
    # A query of the base URL stays: `https://….azure.com/openai/v1?api-version=preview`.
    return base.with_path(f"{base.raw_path.rstrip('/')}/{path}", encoded=True, keep_query=True)


def sendable(content: bytes) -> aiohttp.Payload:
    """The content as the session takes it."""
    # Told what it is, the session need not look for the kind of payload that fits.
    if len(content) <= _LARGE_BODY_BYTES:
        return aiohttp.BytesPayload(content)
    return aiohttp.BytesIOPayload(io.BytesIO(content))


async def _content(stream: aiohttp.StreamReader, *, limit: int) -> bytes:
    """All that comes; what is longer than the limit is cut off somewhere behind it."""
    content = await stream.readany()
    if stream.at_eof():
        return content  # the usual case: all of it in one piece
    pieces, size = [content], len(content)
    while size <= limit and (piece := await stream.readany()):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


class _NoObject(Exception):
    """JSON came, and no object."""


def _object(content: bytes) -> dict[str, JsonValue]:
    try:
        value: JsonValue = orjson.loads(content)
    except orjson.JSONDecodeError:  # the standard library's parser knows lone surrogates
        value = exact_json.parse(content.decode("utf-8-sig"))
    if not isinstance(value, dict):
        raise _NoObject
    exact_json.refuse_depth(value, brackets=content.count(b"[") + content.count(b"{"))
    return value


def _listed(entry: JsonValue, provider: Provider) -> Model | None:
    if not isinstance(entry, dict):
        return None
    model_id, created, owner = entry.get("id"), entry.get("created"), entry.get("owned_by")
    if not isinstance(model_id, str):
        return None
    return Model(
        id=model_id,
        created=created if isinstance(created, int) and created >= 0 else 0,
        owned_by=owner if isinstance(owner, str) else provider.name,
    )
