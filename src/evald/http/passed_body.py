"""A request that goes on to a provider: its bytes, and the little of it that is read here."""

import codecs
from dataclasses import dataclass
from typing import TypeVar

import orjson
from pydantic import JsonValue
from starlette.requests import Request

from evald.domain.errors import InvalidType
from evald.domain.validation import kind_of, read_model
from evald.http.operation import key_of, project_of, request_id_of
from evald.http.parsing import RequestBody, json_body, parsed_json, require_json
from evald.ports.relay import SENT
from evald.services.relaying import Caller
from evald.wire.base import WireModel

M = TypeVar("M", bound=WireModel)
_SENT = frozenset(name.encode() for name in SENT)


@dataclass(frozen=True, slots=True)
class PassedBody:
    """A JSON object as it came. `fields` is it, numbers perhaps not exact: it is not to be sent."""

    content: bytes
    fields: dict[str, JsonValue]

    def read(self, model: type[M]) -> M:
        """What this server reads of it.

        Raises:
            MissingParameter: a field is missing.
            InvalidType: a field holds another kind of value than it must.
            InvalidValue: a field holds what it may not.
        """
        known = model.model_fields
        return read_model(model, {k: v for k, v in self.fields.items() if k in known})


async def read_passed(request: Request, *, max_body_bytes: int) -> PassedBody:
    """The body of a request that goes on.

    Raises:
        UnsupportedContentType: it is not declared to be JSON.
        MalformedJson: it is not JSON in UTF-8.
        InvalidType: it is JSON, and no object.
    """
    require_json(request)
    content = await _content(json_body(request, max_body_bytes=max_body_bytes, is_hashed=False))
    value = _parsed(content)
    if not isinstance(value, dict):
        raise InvalidType(f"The body must be a JSON object, not {kind_of(value)}.")
    return PassedBody(content, value)


def caller_of(request: Request) -> Caller:
    """Who sent the request, as the door found it, and those of its headers that go along."""
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in request.scope["headers"]
        if name in _SENT
    )
    came_at = request.scope["state"].get("came_at")
    return Caller(project_of(request), key_of(request), request_id_of(request), headers, came_at)


async def _content(body: RequestBody) -> bytes:
    return b"".join([piece async for piece in body]).removeprefix(codecs.BOM_UTF8)


def _parsed(content: bytes) -> JsonValue:
    try:
        value: JsonValue = orjson.loads(content)
    except orjson.JSONDecodeError:  # the other parser knows halves of characters, and says more
        return parsed_json(content)
    return value
