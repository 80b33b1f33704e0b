"""Chat completions of any kind, and the chunks that a stream could tell them in."""

from itertools import zip_longest
from typing import Any

from hypothesis import strategies as st

from evald.domain.translation.frame import Frame

FRAME = Frame("resp_68a1", 1_760_000_000, {"model": "asked", "input": "Hi", "metadata": {"a": "b"}})
LATER = 1_760_000_009

texts = st.text(st.sampled_from("ab é🎈{"), max_size=8)
calls = st.builds(
    lambda name, arguments, call_id: {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    st.sampled_from(["weather", "time"]),
    texts,
    st.uuids().map(str),
)
usages = st.builds(
    lambda given, cached, made, thought: {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thought},
    },
    *[st.integers(0, 99)] * 4,
)


@st.composite
def completions(draw: st.DrawFn) -> dict[str, Any]:
    """A chat completion with one choice."""
    content = draw(st.none() | texts)
    message: dict[str, Any] = {"role": "assistant", "content": content}
    message["refusal"] = draw(st.none() | texts)
    message["tool_calls"] = draw(st.none() | st.lists(calls, max_size=3))
    if draw(st.booleans()):
        message["reasoning_content"] = draw(texts)
    choice: dict[str, Any] = {"index": 0, "message": message}
    choice["finish_reason"] = draw(
        st.sampled_from(["stop", "tool_calls", "length", "content_filter", None])
    )
    if draw(st.booleans()):
        tokens = [
            {"token": each, "bytes": [1], "logprob": -0.5, "top_logprobs": []}
            for each in content or ""
        ]
        choice["logprobs"] = {"content": tokens, "refusal": None}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "answered"}
    body |= {"choices": [choice], "usage": draw(st.none() | usages)}
    return body | draw(st.sampled_from([{}, {"service_tier": "default"}]))


@st.composite
def chunked(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A chat completion, and chunks that tell it: thoughts, words, refusal, then mixed calls."""
    completion = draw(completions())
    choice = completion["choices"][0]
    message = choice["message"]
    said: list[dict[str, Any]] = [{"delta": {"role": "assistant", "content": ""}}]
    thoughts = draw(cuts(message.get("reasoning_content") or ""))
    said += [{"delta": {"reasoning_content": piece}} for piece in thoughts]
    logprobs = (choice.get("logprobs") or {}).get("content")
    for piece in draw(cuts(message["content"] or "")):
        told = {"delta": {"content": piece}}
        if logprobs is not None:
            own, logprobs = logprobs[: len(piece)], logprobs[len(piece) :]
            told["logprobs"] = {"content": own}
        said.append(told)
    said += [{"delta": {"refusal": piece}} for piece in draw(cuts(message["refusal"] or ""))]
    said += [{"delta": {"tool_calls": [each]}} for each in draw(mixed(message["tool_calls"] or []))]
    said.append({"delta": {}, "finish_reason": choice["finish_reason"]})
    head = {key: completion[key] for key in ("id", "model", "service_tier") if key in completion}
    chunks = [{**head, "choices": [{"index": 0, "finish_reason": None, **each}]} for each in said]
    return completion, [*chunks, {**head, "choices": [], "usage": completion["usage"]}]


@st.composite
def cuts(draw: st.DrawFn, text: str) -> list[str]:
    """The text in pieces, an empty one among them perhaps."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[begin:end] for begin, end in zip([0, *places], [*places, len(text)], strict=True)]


@st.composite
def mixed(draw: st.DrawFn, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls as pieces, one after another or turn by turn; each begins with its name."""
    told = []
    for index, call in enumerate(given):
        first, *others = draw(cuts(call["function"]["arguments"]))
        function = {"name": call["function"]["name"], "arguments": first}
        begun = {**call, "index": index, "function": function}
        told.append([begun, *({"index": index, "function": {"arguments": o}} for o in others)])
    if draw(st.booleans()):
        return [piece for pieces in told for piece in pieces]
    return [piece for turn in zip_longest(*told) for piece in turn if piece is not None]
