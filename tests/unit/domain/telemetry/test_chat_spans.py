"""Spans as exports hold them (documented); which of them become logs, and how, is ours."""

import json
from typing import Any

import pytest

from evald.domain.logs.read_log import LogUnreadable, ReadLog
from evald.domain.telemetry.chat_spans import DETAILS, Span, is_export, read_span, spans_of

NANO = 1_000_000_000
ASKED = [{"role": "user", "parts": [{"type": "text", "content": "Hello"}]}]
SAID = [{"role": "assistant", "parts": [{"type": "text", "content": "Hi"}]}]


def value_of(plain: Any) -> Any:
    match plain:
        case bool():
            return {"boolValue": plain}
        case int():
            return {"intValue": str(plain)}
        case float():
            return {"doubleValue": plain}
        case list():
            return {"arrayValue": {"values": [value_of(each) for each in plain]}}
        case _:
            return {"stringValue": plain}


def attributes(plain: dict[str, Any]) -> list[Any]:
    return [{"key": key, "value": value_of(each)} for key, each in plain.items()]


CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-asked",
    "gen_ai.response.model": "gpt-test",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.input.messages": json.dumps(ASKED),
    "gen_ai.output.messages": json.dumps(SAID),
}


def span(plain: dict[str, Any], **fields: Any) -> Span:
    return Span({"attributes": attributes(plain), **fields}, {})


def without(*names: str, **changes: Any) -> dict[str, Any]:
    return {key: each for key, each in CHAT.items() if key.split(".", 1)[1] not in names} | changes


def test_a_chat_span_is_a_stored_completion() -> None:
    told = {
        **CHAT,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.tool.definitions": json.dumps([{"type": "function", "name": "f"}]),
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "openai.response.system_fingerprint": "fp_1",
        "evald.metadata.use": "chat",
        "evald.metadata.beta": True,
        "evald.metadata.turn": 3,
    }
    given = span(told, startTimeUnixNano=str(1_700_000_000 * NANO), traceId="t", spanId="s")

    assert read_span(given) == ReadLog(
        kind="chat_completion",
        id="chatcmpl-1",
        model="gpt-test",
        body={
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "gpt-test",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hi"},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "system_fingerprint": "fp_1",
            "usage": {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "total_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 3},
            },
        },
        request={
            "model": "gpt-asked",
            "messages": [{"role": "user", "content": "Hello"}],
            "temperature": 0.5,
            "max_completion_tokens": 100,
            "stop": ["END"],
            "tools": [{"type": "function", "function": {"name": "f"}}],
        },
        metadata={"use": "chat", "beta": "true", "turn": "3"},
        created=1_700_000_000,
        salt="t/s",
    )


def test_spans_come_with_the_metadata_of_their_resource() -> None:
    resource = {"attributes": attributes({"evald.metadata.use": "all", "service.name": "app"})}
    mine = {"attributes": attributes({**CHAT, "evald.metadata.turn": "1"})}
    scopes: list[Any] = [{"spans": [mine, 7]}, {}, 7]
    export: Any = {"resourceSpans": [{"resource": resource, "scopeSpans": scopes}, {}, None]}

    assert is_export(export)
    (found,) = spans_of(export)
    read = read_span(found)
    assert read is not None
    assert read.metadata == {"use": "all", "turn": "1"}


def test_what_an_event_tells_counts_as_the_spans_own() -> None:
    messages = ("gen_ai.input.messages", "gen_ai.output.messages")
    details = {key: CHAT[key] for key in messages}
    given = span(
        without("input.messages", "output.messages"),
        events=[{"name": DETAILS, "attributes": attributes(details)}],
    )

    assert read_span(given) is not None


OTHERS: list[Span] = [
    span({}),
    span({"http.request.method": "POST"}),
    span(without(**{"gen_ai.operation.name": "embeddings"})),
    span(without(**{"gen_ai.operation.name": "invoke_agent"})),
    span(without(**{"gen_ai.operation.name": 7})),
    span(without("operation.name", **{"llm.request.type": "embedding"})),
    span(without("output.messages"), status={"code": 2}),
    span(without("output.messages", **{"error.type": "timeout"})),
    Span({"attributes": None, "status": 7, "events": 7}, {}),
]


@pytest.mark.parametrize("given", OTHERS)
def test_other_spans_and_failed_calls_are_passed_over(given: Span) -> None:
    assert read_span(given) is None


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        (without("output.messages"), "without its messages"),
        (without("input.messages"), "without its messages"),
        (without("request.model", "response.model"), "names no model"),
        ({**CHAT, "evald.metadata.list": ["a"]}, "no text"),
        (
            {**CHAT, "gen_ai.tool.definitions": '[{"name":"f","x":' + "[" * 253 + "]" * 253 + "}]"},
            "nested deeper",
        ),
    ],
)
def test_a_call_that_cannot_be_kept_says_why(plain: dict[str, Any], reason: str) -> None:
    with pytest.raises(LogUnreadable, match=reason):
        read_span(span(plain))


@pytest.mark.parametrize(
    ("start", "second"),
    [
        (str(3 * NANO), 3),
        (4 * NANO + 1, 4),
        ("0", None),
        ("x", None),
        ("9" * 30, None),
        (True, None),
        (None, None),
    ],
)
def test_the_log_is_from_when_the_span_began(start: Any, second: int | None) -> None:
    read = read_span(span(CHAT, startTimeUnixNano=start))

    assert read is not None
    assert read.created == second


def test_a_span_without_an_id_keeps_apart_by_its_own() -> None:
    read = read_span(span(without("response.id"), traceId="t", spanId="s"))

    assert read is not None
    assert (read.id, read.salt, "id" in read.body) == ("", "t/s", False)
