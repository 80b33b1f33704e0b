"""GenAI spans of OpenTelemetry as logs: which spans are calls of a chat model, and what they say.

Source: OpenTelemetry, semantic conventions for generative AI 1.37 to 1.41 (attributes of spans),
and what came before them: `older`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.exact_json import MAX_DEPTH, refuse_depth
from evald.domain.logs.read_log import Body, LogUnreadable, ReadLog, checked_metadata, second_of
from evald.domain.telemetry.attributes import Attributes, attributes_of, decoded
from evald.domain.telemetry.messages import chat_choices, chat_input, chat_tools
from evald.domain.telemetry.older import (
    SpanEvent,
    Told,
    flat_tools,
    told_by_attributes,
    told_by_events,
)

METADATA = "evald.metadata."
"""What the attributes begin with that become metadata, on a span or on its resource."""

DETAILS = "gen_ai.client.inference.operation.details"
"""The event that tells what else would be attributes of its span."""

_CALLS = frozenset({"chat", "generate_content"})
_FAILED = (2, "STATUS_CODE_ERROR")
_TELLING = ("gen_ai.request.model", "gen_ai.response.model")

_PARAMETERS = {
    "gen_ai.request.temperature": "temperature",
    "gen_ai.request.top_p": "top_p",
    "gen_ai.request.max_tokens": "max_completion_tokens",
    "gen_ai.request.frequency_penalty": "frequency_penalty",
    "gen_ai.request.presence_penalty": "presence_penalty",
    "gen_ai.request.seed": "seed",
    "gen_ai.request.stop_sequences": "stop",
    "gen_ai.request.choice.count": "n",
}

_OF_ANSWER = {
    "system_fingerprint": (
        "openai.response.system_fingerprint",
        "gen_ai.openai.response.system_fingerprint",
    ),
    "service_tier": ("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
}

_USAGE = {
    "prompt_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "completion_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
}

_CACHED = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it stands in an export, with the attributes of its resource that are metadata."""

    span: Body
    metadata: Attributes


def is_export(value: Body) -> bool:
    """Whether it is an export of spans, in the JSON form of OTLP."""
    return isinstance(value.get("resourceSpans"), list)


def spans_of(export: Body) -> Iterator[Span]:
    """The spans of an export, in its order."""
    for resource_spans in _objects(export.get("resourceSpans")):
        resource = resource_spans.get("resource")
        given = resource.get("attributes") if isinstance(resource, dict) else None
        metadata = _metadata(attributes_of(given))
        for scope_spans in _objects(resource_spans.get("scopeSpans")):
            for span in _objects(scope_spans.get("spans")):
                yield Span(span, metadata)


def read_span(given: Span) -> ReadLog | None:
    """The stored chat completion that a span tells of; None for any other span.

    Other spans are those of tools, agents, embeddings and whatever has nothing to do with models,
    and calls that failed. Its response's id is the log's.

    Raises:
        LogUnreadable: it is the span of a call, and does not say what was asked and answered.
    """
    span = given.span
    events = _events(span)
    attributes = attributes_of(span.get("attributes"))
    for event in events:
        if event.name == DETAILS:
            attributes = {**event.attributes, **attributes}
    if not _is_call(attributes):
        return None
    told = _told(attributes, events)
    if not told.choices and _has_failed(span, attributes):
        return None
    log = _log(given, attributes, told)
    try:
        refuse_depth([log.body, log.request], brackets=MAX_DEPTH + 1)
    except ValueError as problem:  # texts of JSON in it were read, so that it is deeper than it was
        raise LogUnreadable(str(problem)) from None
    return log


def _log(given: Span, attributes: Attributes, told: Told) -> ReadLog:
    span = given.span
    if not told.choices or not told.messages:
        raise LogUnreadable(
            "is the span of a call without its messages, which instrumentations leave out unless "
            "they are told to capture content"
        )
    asked = _text(attributes, "gen_ai.request.model")
    model = _text(attributes, "gen_ai.response.model") or asked
    if not model:
        raise LogUnreadable("is the span of a call that names no model")
    log_id = _text(attributes, "gen_ai.response.id")
    created = _second(span.get("startTimeUnixNano"))
    return ReadLog(
        kind="chat_completion",
        id=log_id,
        model=model,
        body=_body(attributes, told, model=model),
        request=_request(attributes, told, model=asked or model),
        metadata=checked_metadata({**given.metadata, **_metadata(attributes)}),
        created=created,
        salt=f"{_text(span, 'traceId')}/{_text(span, 'spanId')}",
    )


def _is_call(attributes: Attributes) -> bool:
    operation = attributes.get("gen_ai.operation.name", attributes.get("llm.request.type"))
    if operation is None:
        return any(key in attributes for key in _TELLING)
    return operation in _CALLS if isinstance(operation, str) else False


def _has_failed(span: Body, attributes: Attributes) -> bool:
    status = span.get("status")
    code = status.get("code") if isinstance(status, dict) else None
    return code in _FAILED or "error.type" in attributes


def _told(attributes: Attributes, events: list[SpanEvent]) -> Told:
    """What was asked and answered, of each what the newest convention tells that is there."""
    instructions = attributes.get("gen_ai.system_instructions")
    reasons = attributes.get("gen_ai.response.finish_reasons")
    messages = chat_input(instructions, attributes.get("gen_ai.input.messages"))
    choices = chat_choices(attributes.get("gen_ai.output.messages"), decoded(reasons))
    for older in (told_by_events(events), told_by_attributes(attributes)):
        messages, choices = messages or older.messages, choices or older.choices
    return Told(messages, choices)


def _request(attributes: Attributes, told: Told, *, model: str) -> Body:
    request: Body = {"model": model, "messages": [*told.messages]}
    for key, name in _PARAMETERS.items():
        if attributes.get(key) is not None:
            request[name] = attributes[key]
    tools = chat_tools(attributes.get("gen_ai.tool.definitions")) or flat_tools(attributes)
    return {**request, "tools": tools} if tools else request


def _body(attributes: Attributes, told: Told, *, model: str) -> Body:
    body: Body = {"object": "chat.completion", "model": model, "choices": told.choices}
    log_id = _text(attributes, "gen_ai.response.id")
    if log_id:
        body = {"id": log_id, **body}
    for name, keys in _OF_ANSWER.items():
        found = _first(attributes, keys)
        if isinstance(found, str):
            body[name] = found
    usage = _usage(attributes)
    return {**body, "usage": usage} if usage else body


def _usage(attributes: Attributes) -> Body:
    counts = {name: _first(attributes, keys) for name, keys in _USAGE.items()}
    usage: Body = {key: count for key, count in counts.items() if isinstance(count, int)}
    if not usage:
        return {}
    usage["total_tokens"] = sum(count for count in usage.values() if isinstance(count, int))
    cached = _first(attributes, _CACHED)
    return {**usage, "prompt_tokens_details": {"cached_tokens": cached}} if cached else usage


def _first(attributes: Attributes, keys: tuple[str, ...]) -> JsonValue:
    return next((attributes[key] for key in keys if attributes.get(key) is not None), None)


def _metadata(attributes: Attributes) -> Attributes:
    """The pairs that become metadata; numbers and truths as JSON writes them."""
    return {
        key.removeprefix(METADATA): _written(value)
        for key, value in attributes.items()
        if key.startswith(METADATA)
    }


def _written(value: JsonValue) -> JsonValue:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _events(span: Body) -> list[SpanEvent]:
    return [
        SpanEvent(_text(each, "name"), attributes_of(each.get("attributes")))
        for each in _objects(span.get("events"))
    ]


def _second(nanoseconds: JsonValue) -> int | None:
    # 64-bit numbers are texts in the JSON form.
    if isinstance(nanoseconds, str) and nanoseconds.isdecimal() and len(nanoseconds) <= 20:
        nanoseconds = int(nanoseconds)
    if isinstance(nanoseconds, bool) or not isinstance(nanoseconds, int) or nanoseconds <= 0:
        return None
    return second_of(nanoseconds // 1_000_000_000)


def _objects(value: JsonValue) -> list[Body]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Body, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
