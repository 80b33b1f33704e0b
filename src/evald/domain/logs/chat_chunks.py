"""A chat completion as the chunks of a stream."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

Json = dict[str, JsonValue]

_IN_EVERY_CHUNK = ("id", "created", "model", "service_tier", "system_fingerprint")
_IN_NONE = ("object", "choices", "usage")


def chunks_of(answer: Mapping[str, JsonValue], *, includes_usage: bool) -> Iterator[Json]:
    """The chunks by which a stream tells the answer: one of each message, one of its end.

    Args:
        answer: a chat completion.
        includes_usage: a chunk without choices tells the usage at the end.
    """
    head: Json = {"object": "chat.completion.chunk"}
    head |= {key: answer[key] for key in _IN_EVERY_CHUNK if key in answer}
    rest = {key: value for key, value in answer.items() if key not in (*_IN_NONE, *head)}
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            yield {**head, **rest, "choices": [_begun(choice)]}
            yield {**head, "choices": [_ended(choice)]}
    if includes_usage:
        yield {**head, "choices": [], "usage": answer.get("usage")}


def _begun(choice: Json) -> Json:
    begun: Json = {"index": choice.get("index", 0), "delta": _delta(choice.get("message"))}
    return {**begun, "logprobs": choice.get("logprobs"), "finish_reason": None}


def _ended(choice: Json) -> Json:
    """What a choice says besides its message and logprobs."""
    ended: Json = {"index": choice.get("index", 0), "delta": {}, "logprobs": None}
    return ended | {key: choice[key] for key in choice if key not in ("message", "logprobs")}


def _delta(message: JsonValue) -> JsonValue:
    """The message as a delta, in which tool calls have their place."""
    if not isinstance(message, dict):
        return {}
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    placed: list[JsonValue] = [
        {"index": index, **call} if isinstance(call, dict) else call
        for index, call in enumerate(calls)
    ]
    return {**message, "tool_calls": placed}
