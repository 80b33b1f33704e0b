"""Passing a provider's answer on while it is read along: whole, or event by event."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, assert_never

from evald.domain.errors import (
    ProviderBroken,
    ProviderKeyRefused,
    ProviderTimedOut,
    ProviderUnreachable,
    PythonProviderRaised,
    RequestError,
    UnsupportedByProvider,
)
from evald.domain.logs.server_events import EventSplitter, EventTooLong
from evald.ports.model import FailureKind, ModelFailure
from evald.ports.relay import Relay, RelayAnswer, RelayBroken, RelayRequest, RelaySilent

_log = logging.getLogger("evald.gateway")

LET_END_S = 0.5
"""So long the end of a stream may take after the event that ends it."""

TAIL_BYTES = 65_536
EVENT_STREAM = "text/event-stream"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a model through the gateway: project, key, the request's id and its headers.

    `came_at` is the moment of the monotonic clock at which the request came.
    """

    project_id: str
    key_id: str
    request_id: str
    headers: tuple[tuple[str, str], ...] = ()
    came_at: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """The beginning of an answer. Without `content-length`, its bytes come as they come."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A whole answer as it goes out, and what its head says besides."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)


Relayed = AsyncGenerator[AnswerHead | bytes, None]
"""An answer on its way: its head, then its bytes. An error before the head is the caller's to tell;
closing it closes the connection to the provider."""


class Reader(Protocol):
    """Whoever reads a successful answer along with the client, and keeps what is to be kept."""

    @property
    def most_bytes(self) -> int:
        """So large an answer that is no stream is held until it is whole; a larger one is not."""
        ...

    def begin(self) -> None:
        """A successful answer has begun."""
        ...

    def is_last(self, event: bytes) -> bool:
        """Whether the event ends its stream: what came before goes out before it is read."""
        ...

    async def event(self, event: bytes) -> bytes:
        """What goes out for the event; for the one that ends the stream, after the commit.

        Raises:
            RequestError: the answer cannot be given out whole; the stream ends with that.
        """
        ...

    async def end(self) -> None:
        """The provider ended a stream in good order, which may have had no last event.

        Raises:
            RequestError: as with an event.
        """
        ...

    def failure(self, error: RequestError) -> bytes:
        """The event that says that the stream broke."""
        ...

    async def whole(self, body: bytes) -> Outgoing:
        """What goes out for an answer that is no stream, after the commit.

        Raises:
            RequestError: it cannot be given out.
        """
        ...

    def too_large(self) -> Mapping[str, str]:
        """What the head of an answer says that is too large to be held, and not kept therefore."""
        ...

    def tail(self, content: bytes) -> None:
        """The last bytes of such an answer."""
        ...

    def close(self) -> None:
        """The answer is over, however it ended."""
        ...


async def relayed(relay: Relay, request: RelayRequest, reader: Reader) -> Relayed:
    """The provider's answer to the request, as it comes, read by the reader if it is a success.

    An error of the provider keeps status and body, unless it is about our key.

    Raises:
        ProviderKeyRefused: the provider answered 401 or 403, or is not asked without a key.
        ProviderUnreachable: there was no connection.
        ProviderTimedOut: it did not answer in time.
        ProviderBroken: it answered with what is no answer.
        RequestError: as the reader has it, before anything went out.
    """
    async with relay.open(request) as answer:
        if isinstance(answer, ModelFailure):
            raise failure_error(answer)
        refuse_no_answer(relay.provider, answer.status)
        if answer.status >= 300:
            async for piece in _error(answer):
                yield piece
            return
        reader.begin()
        try:
            out = await _begun(answer, reader)
            if isinstance(out, Outgoing):
                length = {"content-length": str(len(out.body))}
                yield AnswerHead(answer.status, {**answer.headers, **out.headers, **length})
                yield out.body
                return
            async with aclosing(out):
                async for piece in out:
                    yield piece
        finally:
            reader.close()


def refuse_no_answer(provider: str, status: int) -> None:
    """Nothing, for the status of an answer that is a client's to see.

    Raises:
        ProviderKeyRefused: it is about our key.
        ProviderBroken: it is none of an answer.
    """
    if status in (401, 403):
        _log.warning("provider_key_refused provider=%s status=%d", provider, status)
        raise ProviderKeyRefused(
            f"Provider '{provider}' refused this server's key with status {status}; "
            "its operator has to see to it."
        )
    if not (200 <= status < 300 or 400 <= status < 600):
        raise ProviderBroken(
            f"Provider '{provider}' answered with status {status}, which is no answer."
        )


def failure_error(failure: ModelFailure) -> RequestError:
    """The error that a caller is told where a provider gave no answer."""
    match failure.kind:
        case FailureKind.UNREACHABLE:
            return ProviderUnreachable(failure.message)
        case FailureKind.TIMEOUT:
            return ProviderTimedOut(failure.message)
        case FailureKind.RAISED:
            return PythonProviderRaised(failure.message)
        case FailureKind.UNSERVED if failure.code == UnsupportedByProvider.code:
            return UnsupportedByProvider(failure.message)
        case FailureKind.UNSERVED:
            return ProviderKeyRefused(failure.message)
        case FailureKind.BROKEN | FailureKind.MALFORMED | FailureKind.REFUSED:
            return ProviderBroken(failure.message)
        case _:
            assert_never(failure.kind)


def broken_error(problem: RelayBroken) -> RequestError:
    """The error that a caller is told where an answer broke off."""
    is_silent = isinstance(problem, RelaySilent)
    return ProviderTimedOut(str(problem)) if is_silent else ProviderBroken(str(problem))


async def _error(answer: RelayAnswer) -> Relayed:
    body = b"".join([chunk async for chunk in answer.chunks])
    yield AnswerHead(answer.status, {**answer.headers, "content-length": str(len(body))})
    yield body


async def _begun(answer: RelayAnswer, reader: Reader) -> Outgoing | Relayed:
    """The answer as it goes out, or on its way where it is a stream or too large to be held.

    Raises:
        RequestError: it broke off, or the reader has it.
    """
    if answer.headers.get("content-type", "").lower().startswith(EVENT_STREAM):
        return _stream(answer, reader)
    pieces, is_all = await _held(answer, reader.most_bytes)
    if is_all:
        return await reader.whole(b"".join(pieces))
    return _too_large(answer, reader, pieces)


async def _held(answer: RelayAnswer, most_bytes: int) -> tuple[list[bytes], bool]:
    """The pieces of an answer that is no stream, and whether they are all there are.

    Raises:
        RequestError: it broke off.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        async for chunk in answer.chunks:
            pieces.append(chunk)
            size += len(chunk)
            if size > most_bytes:
                return pieces, False
    except RelayBroken as problem:
        raise broken_error(problem) from None
    return pieces, True


async def _too_large(answer: RelayAnswer, reader: Reader, pieces: list[bytes]) -> Relayed:
    """An answer that is not held until it is whole, of which these pieces are there."""
    yield AnswerHead(answer.status, {**answer.headers, **reader.too_large()})
    yield b"".join(pieces)
    tail = pieces[-1]
    try:
        async for chunk in answer.chunks:
            yield chunk
            tail = (tail + chunk)[-TAIL_BYTES:]
        reader.tail(tail)
    except RelayBroken as problem:
        raise broken_error(problem) from None


async def _stream(answer: RelayAnswer, reader: Reader) -> Relayed:
    yield AnswerHead(answer.status, answer.headers)
    events = _read_events(answer, reader)
    try:
        async for piece in events:
            yield piece
    except RelayBroken as problem:
        yield reader.failure(broken_error(problem))
    except EventTooLong:
        text = "A provider's stream was ended: an event of it is too long to be waited for."
        yield reader.failure(ProviderBroken(text))
    except RequestError as error:
        yield reader.failure(error)
    finally:
        await events.aclose()


async def _read_events(answer: RelayAnswer, reader: Reader) -> AsyncGenerator[bytes, None]:
    splitter = EventSplitter()
    async for chunk in answer.chunks:
        ready: list[bytes] = []
        for event in splitter.feed(chunk):
            if reader.is_last(event):
                yield b"".join(ready)
                yield await reader.event(event)
                await _let_end(answer)
                return
            ready.append(await reader.event(event))
        if ready:
            yield b"".join(ready)
    if rest := splitter.rest():
        yield await reader.event(rest)
    await reader.end()


async def _let_end(answer: RelayAnswer) -> None:
    """Reads on to the end, if that is near: only then can the connection be used again."""
    with suppress(TimeoutError, RelayBroken):
        async with asyncio.timeout(LET_END_S):
            async for _ in answer.chunks:
                pass
