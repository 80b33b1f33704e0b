"""How a request's body, query and headers become wire types."""

import asyncio
import codecs
import hashlib
import json
import re
from typing import TypeVar

from pydantic import JsonValue, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from evald.domain import exact_json
from evald.domain.errors import (
    BodyStalled,
    BodyTooLarge,
    InvalidType,
    InvalidValue,
    MalformedJson,
    UnsupportedContentType,
)
from evald.domain.validation import kind_of, refusal
from evald.services.idempotency import Idempotency
from evald.wire.base import WireModel
from evald.wire.pages import MAX_LIMIT

MAX_OBJECT_BYTES = 33_554_432
"""The most that a JSON body may have besides rows: it is held in memory as a whole (32 MiB)."""

MAX_IDEMPOTENCY_KEY = 255

STALL_S = 60.0
"""So long a client may send nothing of a body that it has begun: a file is held open for it."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9!#$&^_.+-]+\+)?json")
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})

Q = TypeVar("Q", bound=WireModel)


class RequestBody:
    """The bytes of a request as they come, counted and hashed; read once, by `async for`."""

    def __init__(self, request: Request, *, max_bytes: int, is_hashed: bool = True) -> None:
        """Reads the body of `request`; one that is not hashed has no `sha256`.

        Raises:
            BodyTooLarge: it says itself that it has more than `max_bytes`.
        """
        self._receive = request.receive
        self._max_bytes = max_bytes
        self._read_bytes = 0
        self._hash = hashlib.sha256() if is_hashed else None
        self._ahead = b""
        self._has_more = True
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            self._refuse_above(int(declared[:20]))

    def __aiter__(self) -> "RequestBody":
        """The body itself."""
        return self

    async def __anext__(self) -> bytes:
        """The next bytes, at least one.

        Raises:
            BodyTooLarge: with them, more have come than may.
            BodyStalled: nothing came for a minute.
            ClientDisconnect: no more will come.
        """
        chunk, self._ahead = self._ahead or await self._next(), b""
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def is_empty(self) -> bool:
        """Whether there is nothing (more) to read; waits for what comes next."""
        self._ahead = self._ahead or await self._next()
        return not self._ahead

    def sha256(self) -> str:
        """The SHA-256 of the bytes read so far, in hexadecimal."""
        return "" if self._hash is None else self._hash.hexdigest()

    async def _next(self) -> bytes:
        while self._has_more:
            message = await self._message()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self._has_more = message.get("more_body", False)
            chunk: bytes = message.get("body", b"")
            if chunk:
                self._read_bytes += len(chunk)
                self._refuse_above(self._read_bytes)
                if self._hash is not None:
                    self._hash.update(chunk)
                return chunk
        return b""

    async def _message(self) -> Message:
        try:
            async with asyncio.timeout(STALL_S):
                return await self._receive()
        except TimeoutError:
            raise BodyStalled(f"Nothing more of the body came for {STALL_S:.0f} seconds.") from None

    def _refuse_above(self, size: int) -> None:
        if size > self._max_bytes:
            raise BodyTooLarge(
                f"The body is larger than {self._max_bytes:,} bytes, the most that is taken here."
            )


def json_body(request: Request, *, max_body_bytes: int, is_hashed: bool = True) -> RequestBody:
    """The body of a request that is read as a whole.

    Raises:
        BodyTooLarge: it says itself that it has more than it may.
    """
    most = min(max_body_bytes, MAX_OBJECT_BYTES)
    return RequestBody(request, max_bytes=most, is_hashed=is_hashed)


async def read_json(request: Request, body: RequestBody) -> dict[str, JsonValue]:
    """The object that the body is. A request without a body counts as `{}`.

    Raises:
        UnsupportedContentType: the body is not declared to be JSON.
        MalformedJson: it is not JSON in UTF-8.
        InvalidType: it is JSON, and no object.
    """
    if await body.is_empty():
        return {}
    require_json(request)
    value = parsed_json(b"".join([piece async for piece in body]))
    if not isinstance(value, dict):
        raise InvalidType(f"The body must be a JSON object, not {kind_of(value)}.")
    return value


def require_json(request: Request) -> None:
    """Nothing, if the body is declared to be JSON in UTF-8.

    A browser sends other types across origins without asking first, so a missing type is refused
    as well.

    Raises:
        UnsupportedContentType: it is declared to be something else, or nothing.
    """
    declared = request.headers.get("content-type", "")
    media_type, _, parameters = declared.lower().partition(";")
    charset = re.search(r'charset\s*=\s*"?([^\s";]*)', parameters)
    if not _JSON_TYPE.fullmatch(media_type.strip()):
        raise UnsupportedContentType(
            f"Content-Type is '{declared[:100]}'; this endpoint reads only 'application/json'."
        )
    if charset and charset[1] not in _CHARSETS:
        raise UnsupportedContentType(
            f"The body's charset is '{charset[1][:40]}'; JSON is read only in UTF-8."
        )


def parsed_json(raw: bytes) -> JsonValue:
    """The value that these bytes are, numbers exact.

    Raises:
        MalformedJson: they are not JSON in UTF-8.
    """
    try:
        return exact_json.parse(raw.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as fault:
        raise MalformedJson(f"The body is not UTF-8 (byte {fault.start}).") from None
    except json.JSONDecodeError as fault:
        place = f"line {fault.lineno} column {fault.colno}"
        raise MalformedJson(f"The body is not JSON: {fault.msg} ({place}).") from None
    except ValueError as fault:
        raise MalformedJson(f"The body cannot be read as JSON: {_sentence(fault)}.") from None


def _sentence(fault: ValueError) -> str:
    message = str(fault)
    return f"it {message}" if message.startswith(("is ", "holds ")) else message


def read_query(query: type[Q], params: QueryParams, *, max_limit: int = MAX_LIMIT) -> Q:
    """The query as this wire type. A limit above `max_limit` counts as that; others are ignored.

    Raises:
        InvalidType: `limit` is no integer.
        InvalidValue: `limit` is below 1, or a field holds none of its values.
    """
    given: dict[str, JsonValue] = {
        name: params[name] for name in query.model_fields if name in params
    }
    if "limit" in given:
        given["limit"] = min(_limit(params["limit"]), max_limit)
    if given.get("after") == "":
        del given["after"]
    try:
        return query.model_validate(given)
    except ValidationError as error:
        raise refusal(error, given) from None


def _limit(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise InvalidType(
            f"Invalid type for 'limit': expected an integer, but got '{text[:40]}' instead.",
            param="limit",
        )
    limit = int(text[:4_000])
    if limit < 1:
        raise InvalidValue(
            "Invalid 'limit': integer below minimum value. "
            f"Expected a value >= 1, but got {limit} instead.",
            param="limit",
        )
    return limit


def read_idempotency(request: Request, content_hash: str) -> Idempotency | None:
    """The Idempotency-Key, if one came, bound to method, path and the hash of the content.

    Raises:
        InvalidValue: it has more than 255 characters.
    """
    key = request.headers.get("idempotency-key")
    if not key:
        return None
    if len(key) > MAX_IDEMPOTENCY_KEY:
        raise InvalidValue(
            f"Idempotency-Key has {len(key)} characters; at most {MAX_IDEMPOTENCY_KEY} are taken.",
            param="Idempotency-Key",
        )
    bound = f"{request.method} {request.scope['path']}\n{content_hash}"
    return Idempotency(key, hashlib.sha256(bound.encode("utf-8", "replace")).hexdigest())
