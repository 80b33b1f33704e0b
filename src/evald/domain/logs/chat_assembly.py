"""The chunks of a streamed chat completion, put together to the answer that they tell."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

Json = dict[str, JsonValue]

_WHOLE = frozenset({"id", "index", "name", "role", "type", "format", "object"})
"""What a delta tells whole, and some providers again in each: it replaces what was told before."""

_NOT_OF_ANSWERS = frozenset({"choices", "object", "obfuscation"})
"""What a chunk has for itself. The last is padding. Source: OpenAI's guide, streaming."""


@dataclass(slots=True)
class _Texts:
    """A text that comes in pieces."""

    pieces: list[str]


@dataclass(slots=True)
class _Choice:
    """What is known of one choice so far. `message` holds texts as `_Texts`."""

    message: dict[str, object] = field(default_factory=dict)
    logprobs: dict[str, object] | None = None
    rest: Json = field(default_factory=dict)
    finish_reason: str | None = None


class ChatAssembly:
    """Takes chunks one by one, and gives the chat completion that they tell together.

    Texts of a delta are put behind one another, lists too; a list whose members have an `index` is
    put together member by member, and so are tool calls without one, a new `id` beginning a new
    one. What stands beside the choices is as the last chunk has it that says something.
    """

    def __init__(self) -> None:
        self._top: Json = {}
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: Mapping[str, JsonValue]) -> None:
        """The chunk is taken in; what is no chunk of a choice's is left out."""
        for key, value in chunk.items():
            if key not in _NOT_OF_ANSWERS and (key not in self._top or value not in (None, "")):
                self._top[key] = value
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                index = choice.get("index")
                place = index if isinstance(index, int) else 0
                _add_choice(self._choices.setdefault(place, _Choice()), choice)

    @property
    def is_finished(self) -> bool:
        """Whether every choice has said why it ended; without any, it has not."""
        return bool(self._choices) and all(
            choice.finish_reason is not None for choice in self._choices.values()
        )

    def answer(self) -> Json:
        """The chat completion of all chunks so far."""
        top = {key: value for key, value in self._top.items() if key != "usage"}
        choices: list[JsonValue] = [
            _answered(index, choice) for index, choice in sorted(self._choices.items())
        ]
        answer: Json = {"id": top.pop("id", None), "object": "chat.completion"}
        answer |= {key: top.pop(key) for key in ("created", "model") if key in top}
        usage = {"usage": self._top["usage"]} if self._top.get("usage") is not None else {}
        return {**answer, "choices": choices, **usage, **top}


def _add_choice(known: _Choice, choice: Json) -> None:
    for key, value in choice.items():
        match key:
            case "delta":
                if isinstance(value, dict):
                    _merge(known.message, value)
            case "logprobs":
                if isinstance(value, dict):
                    known.logprobs = known.logprobs or {}
                    _merge(known.logprobs, value)
            case "finish_reason":
                known.finish_reason = value if isinstance(value, str) else known.finish_reason
            case "index":
                pass
            case _ if key not in known.rest or value is not None:
                known.rest[key] = value


def _merge(known: dict[str, object], delta: Json) -> None:
    for key, value in delta.items():
        there = known.get(key)
        if value is None:
            known.setdefault(key, None)
        elif isinstance(value, str) and key not in _WHOLE:
            if isinstance(there, _Texts):
                there.pieces.append(value)
            else:
                known[key] = _Texts([value])
        elif isinstance(value, list):
            members = there if isinstance(there, list) else []
            known[key] = members
            _extend(members, value)
        elif isinstance(value, dict):
            inner = there if isinstance(there, dict) else {}
            known[key] = inner
            _merge(inner, value)
        elif value != "" or there is None:
            known[key] = value


def _extend(members: list[object], more: list[JsonValue]) -> None:
    for each in more:
        if not isinstance(each, dict):
            members.append(each)
            continue
        member = _member(members, each)
        if member is None:
            member = {}
            members.append(member)
        _merge(member, each)


def _member(members: list[object], delta: Json) -> dict[str, object] | None:
    """The member that this is more of; None for a new one."""
    index = delta.get("index")
    given = [member for member in reversed(members) if isinstance(member, dict)]
    if isinstance(index, int):
        return next((member for member in given if member.get("index") == index), None)
    is_more_of_call = "function" in delta and not delta.get("id")
    return given[0] if is_more_of_call and given else None


def _answered(index: int, choice: _Choice) -> Json:
    message: Json = {"role": "assistant", "content": None}
    for key, value in choice.message.items():
        message[key] = _plain(value, joins_base64=False)
    for key in ("tool_calls", "audio"):
        message |= {key: _of_answers(key, choice.message[key])} if choice.message.get(key) else {}
    logprobs = None if choice.logprobs is None else _plain(choice.logprobs, joins_base64=False)
    reason = choice.finish_reason
    answered: Json = {"index": index, "message": message, "logprobs": logprobs}
    return {**answered, "finish_reason": reason, **choice.rest}


def _of_answers(key: str, value: object) -> JsonValue:
    """What a message holds under this key, where its delta has another form."""
    plain = _plain(value, joins_base64=key == "audio")
    if key == "audio" or not isinstance(plain, list):
        return plain
    return [
        {name: inner for name, inner in call.items() if name != "index"}
        if isinstance(call, dict)
        else call
        for call in plain
    ]


def _plain(value: object, *, joins_base64: bool) -> JsonValue:
    match value:
        case _Texts():
            return "".join(value.pieces)
        case dict():
            return {
                key: _joined_base64(inner.pieces)
                if joins_base64 and key == "data" and isinstance(inner, _Texts)
                else _plain(inner, joins_base64=joins_base64)
                for key, inner in value.items()
            }
        case list():
            return [_plain(inner, joins_base64=joins_base64) for inner in value]
        case _:
            scalar: JsonValue = value  # type: ignore[assignment]  # what a chunk held
            return scalar


def _joined_base64(pieces: list[str]) -> str:
    """The base64 of all bytes: pieces that were padded one by one cannot just be joined."""
    if not any("=" in piece for piece in pieces[:-1]):
        return "".join(pieces)
    try:
        decoded = b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except binascii.Error:
        return "".join(pieces)
    return base64.b64encode(decoded).decode()
