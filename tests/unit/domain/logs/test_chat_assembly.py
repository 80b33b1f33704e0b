"""Chunks put together are the answer that they tell, whatever it was cut into."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.logs.chat_assembly import ChatAssembly
from evald.domain.logs.chat_chunks import chunks_of

TEXT = st.text(max_size=12)
NAMES = st.sampled_from(["content", "refusal", "reasoning_content", "reasoning"])
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text("abc", min_size=1, max_size=3),
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": st.just("look_up"), "arguments": TEXT}),
        }
    ),
    min_size=1,
    max_size=3,
)
TOKEN = st.fixed_dictionaries(
    {"token": TEXT, "logprob": st.floats(-9, 0), "bytes": st.lists(st.integers(0, 255))}
)
LOGPROBS = st.none() | st.fixed_dictionaries(
    {"content": st.lists(TOKEN, max_size=4), "refusal": st.none()}
)


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    message |= draw(st.dictionaries(NAMES, st.none() | TEXT))
    if draw(st.booleans()):
        message["tool_calls"] = draw(CALLS)
    if draw(st.booleans()):
        message["function_call"] = {"name": "old", "arguments": draw(TEXT)}
    if draw(st.booleans()):
        message["audio"] = {"id": "audio_1", "transcript": draw(TEXT), "expires_at": 7}
    return message


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    choices = [
        {
            "index": index,
            "message": draw(messages()),
            "logprobs": draw(LOGPROBS),
            "finish_reason": draw(st.sampled_from(["stop", "length", "tool_calls"])),
        }
        for index in range(draw(st.integers(1, 3)))
    ]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": choices,
        "usage": {"prompt_tokens": draw(st.integers(0, 9)), "completion_tokens": 2},
        "system_fingerprint": "fp",
    }


def assembled(chunks: Any) -> Any:
    assembly = ChatAssembly()
    for chunk in chunks:
        assembly.add(chunk)
    return assembly.answer()


@given(answers())
def test_an_answer_told_in_chunks_is_the_answer(answer: dict[str, Any]) -> None:
    assert assembled(chunks_of(answer, includes_usage=True)) == answer


@given(answers(), st.data())
def test_an_answer_whose_texts_come_in_pieces_is_the_answer(
    answer: dict[str, Any], data: st.DataObject
) -> None:
    pieces = [
        piece
        for chunk in chunks_of(answer, includes_usage=True)
        for piece in cut_texts(chunk, data)
    ]

    assert assembled(pieces) == answer


def cut_texts(chunk: dict[str, Any], data: st.DataObject) -> list[dict[str, Any]]:
    """The chunk, and for each of its texts perhaps another one with the end of it."""
    rest = []
    for choice in chunk["choices"]:
        delta = choice["delta"] = {**choice["delta"]}
        index = choice["index"]
        for name in [name for name in delta if name not in ("role", "tool_calls", "audio")]:
            if not isinstance(delta[name], str):
                continue
            at = data.draw(st.integers(0, len(delta[name])))
            rest.append({"index": index, "delta": {name: delta[name][at:]}})
            delta[name] = delta[name][:at]
        calls = delta["tool_calls"] = [{**call} for call in delta.get("tool_calls", [])]
        for call in calls:
            function = call["function"] = {**call["function"]}
            at = data.draw(st.integers(0, len(function["arguments"])))
            said = {"arguments": function["arguments"][at:]}
            more = {"index": call["index"], "function": said}
            rest.append({"index": index, "delta": {"tool_calls": [more]}})
            function["arguments"] = function["arguments"][:at]
        if not calls:
            del delta["tool_calls"]
    head = {key: value for key, value in chunk.items() if key not in ("choices", "usage")}
    return [chunk, *({**head, "choices": [each]} for each in rest)]


def delta(said: Any, *, index: int = 0, **rest: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": said, **rest}]}


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        (
            [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}],
            {"role": "assistant", "content": "ab"},
        ),
        ([{"content": ""}], {"role": "assistant", "content": ""}),
        ([{"role": "assistant"}], {"role": "assistant", "content": None}),
        ([{"role": "", "content": "a"}], {"role": "", "content": "a"}),
        (  # calls without an index, of which each id begins one
            [
                {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]},
                {"tool_calls": [{"function": {"arguments": "}"}}]},
                {"tool_calls": [{"id": "b", "function": {"name": "g", "arguments": ""}}]},
            ],
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "a", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "b", "function": {"name": "g", "arguments": ""}},
                ],
            },
        ),
        (  # calls told in turns, name and id again in each
            [
                {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g"}}]},
                {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f"}}]},
                {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g"}}]},
            ],
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "b", "function": {"name": "g"}},
                    {"id": "a", "function": {"name": "f"}},
                ],
            },
        ),
        (  # "a" and "bc", padded each by itself
            [{"audio": {"data": "YQ=="}}, {"audio": {"data": "YmM="}}],
            {"role": "assistant", "content": None, "audio": {"data": "YWJj"}},
        ),
        (
            [
                {"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "a"}]},
                {"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "b"}]},
            ],
            {
                "role": "assistant",
                "content": None,
                "reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "ab"}],
            },
        ),
        (
            [{"annotations": [{"type": "url_citation"}]}, {"annotations": [{"type": "x"}]}],
            {
                "role": "assistant",
                "content": None,
                "annotations": [{"type": "url_citation"}, {"type": "x"}],
            },
        ),
    ],
)
def test_deltas_of_many_providers(chunks: list[Any], message: Any) -> None:
    assert assembled(map(delta, chunks))["choices"][0]["message"] == message


def test_choices_come_in_the_order_of_their_index() -> None:
    answer = assembled([delta({"content": "b"}, index=1), delta({"content": "a"})])

    assert [each["message"]["content"] for each in answer["choices"]] == ["a", "b"]


def test_what_stands_beside_the_choices_is_as_the_last_chunk_has_it() -> None:
    """Observed of Azure: the first chunk has neither id nor model, and no choices."""
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [1], "usage": None}
    last = {"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 1}, "x": 1}

    answer = assembled([first, {**delta({"content": "a"}), "x": 0, "obfuscation": "zz"}, last])

    assert answer == {
        "id": "c",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "a"},
                "logprobs": None,
                "finish_reason": None,
            }
        ],
        "usage": {"prompt_tokens": 1},
        "prompt_filter_results": [1],
        "x": 1,
    }


@pytest.mark.parametrize(
    ("chunks", "is_finished"),
    [
        ([], False),
        ([delta({}, finish_reason="stop")], True),
        ([delta({}, finish_reason=None)], False),
        ([delta({}, finish_reason="stop"), delta({}, index=1)], False),
    ],
)
def test_an_answer_is_finished_when_every_choice_is(chunks: list[Any], is_finished: bool) -> None:
    assembly = ChatAssembly()
    for chunk in chunks:
        assembly.add(chunk)

    assert assembly.is_finished is is_finished


KEYS = ("choices", "delta", "index", "logprobs", "tool_calls", "function", "audio", "id")
ODD = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=20,
)


@given(ODD)
def test_no_chunk_however_odd_is_too_much(odd: Any) -> None:
    if isinstance(odd, dict):
        assembled([odd, delta(odd), delta({"content": odd}), delta({"tool_calls": odd}), odd])
