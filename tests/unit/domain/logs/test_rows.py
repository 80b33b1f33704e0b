"""What row a log makes.

That `item.input` and `sample.output_text` are there was observed in 2025; the rest is ours.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain import exact_json
from evald.domain.jsonl import Row, row_of_text
from evald.domain.logs.rows import LoggedCall, LogUnusable, instructs, read_json, row_of_call
from evald.domain.logs.terms import LogKind

ASKED: list[Any] = [{"role": "user", "content": "Where?"}]
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {}}}
CHAT: LogKind = "chat_completion"


def item_of(kind: LogKind, request: Any = None, body: Any = None, messages: Any = ()) -> Any:
    return row_of_call(a_call(kind, request, body, messages))["item"]


def a_call(kind: LogKind, request: Any = None, body: Any = None, messages: Any = ()) -> LoggedCall:
    return LoggedCall("log-1", kind, "gpt-x", {"use": "chat"}, request or {}, body or {}, messages)


def test_the_item_of_a_completion_is_what_was_asked() -> None:
    request = {"model": "gpt", "messages": ASKED, "temperature": 0.5}

    assert item_of(CHAT, request) == {
        "input": ASKED,
        "id": "log-1",
        "model": "gpt-x",
        "metadata": {"use": "chat"},
    }


def test_the_sample_is_the_answer_as_it_is_kept() -> None:
    body = {"object": "chat.completion", "choices": [], "odd": [1]}

    assert row_of_call(a_call(CHAT, {"messages": ASKED}, body))["sample"] == body


@pytest.mark.parametrize("kind", ["chat_completion", "response"])
@pytest.mark.parametrize(("asked", "kept"), [([TOOL], []), (None, [TOOL]), ([TOOL], None)])
def test_tools_that_were_offered_stand_in_item_and_sample(
    kind: LogKind, asked: Any, kept: Any
) -> None:
    row: Any = row_of_call(a_call(kind, {"tools": asked}, {"tools": kept}))

    assert row["item"]["tools"] == row["sample"]["input_tools"] == [TOOL]


@pytest.mark.parametrize("tools", [None, [], "f"])
def test_without_tools_there_is_no_word_of_them(tools: Any) -> None:
    row: Any = row_of_call(a_call(CHAT, {"tools": tools}))

    assert "tools" not in row["item"]
    assert "input_tools" not in row["sample"]


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        (
            {"id": "c-0", "role": "user", "content": "Hi", "content_parts": None, "name": None},
            {"role": "user", "content": "Hi"},
        ),
        (
            {"id": "c-1", "role": "user", "content": None, "content_parts": [{"type": "text"}]},
            {"role": "user", "content": [{"type": "text"}]},
        ),
        (
            {"id": "c-2", "role": "assistant", "content": None, "tool_calls": [{"id": "t"}]},
            {"role": "assistant", "tool_calls": [{"id": "t"}], "content": None},
        ),
        (
            {"id": "c-3", "role": "tool", "content": "4", "tool_call_id": "t", "name": "f"},
            {"role": "tool", "content": "4", "tool_call_id": "t", "name": "f"},
        ),
    ],
)
def test_messages_of_an_imported_completion_are_as_they_were_asked(
    message: Any, asked: Any
) -> None:
    assert item_of(CHAT, messages=[message])["input"] == [asked]


def test_the_request_goes_before_the_messages_of_an_import() -> None:
    assert item_of(CHAT, {"messages": ASKED}, messages=[{"role": "user"}])["input"] == ASKED


@pytest.mark.parametrize(
    ("request_", "messages"),
    [
        ({"input": "Where?"}, ASKED),
        ({"input": ASKED}, ASKED),
        (
            {"input": "Where?", "instructions": "Be."},
            [{"role": "system", "content": "Be."}, *ASKED],
        ),
        ({"input": ASKED, "instructions": ASKED}, [*ASKED, *ASKED]),
        ({"input": "Where?", "instructions": ""}, ASKED),
        ({"instructions": "Be."}, [{"role": "system", "content": "Be."}]),
        ({"input": None}, []),
    ],
)
def test_the_input_of_a_response_is_a_list_of_messages(request_: Any, messages: Any) -> None:
    assert item_of("response", request_)["input"] == messages


def test_the_instructions_of_a_response_stand_in_its_item() -> None:
    assert item_of("response", {"instructions": "Be."})["instructions"] == "Be."
    assert item_of("response", {}, {"instructions": "Be."})["instructions"] == "Be."
    assert "instructions" not in item_of("response", {"input": "Where?"})


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        (CHAT, {"messages": [{"role": "system", "content": "Speak LATIN now"}]}),
        (CHAT, {"messages": [{"role": "developer", "content": [{"text": "latin"}]}]}),
        ("response", {"instructions": "No latIN."}),
        ("response", {"instructions": [{"role": "developer", "content": "Latin!"}]}),
        ("response", {"input": [{"role": "system", "content": "latin"}]}),
    ],
)
def test_instructions_are_searched_in_whatever_case(kind: LogKind, request_: Any) -> None:
    if kind == CHAT and isinstance(request_["messages"][0]["content"], list):
        request_["messages"][0]["content"][0]["type"] = "text"

    assert instructs(a_call(kind, request_), "Latin")
    assert not instructs(a_call(kind, request_), "Greek")


@pytest.mark.parametrize(
    "request_",
    [{"input": "latin"}, {"input": [{"role": "user", "content": "latin"}]}, {}],
)
def test_what_a_user_says_is_no_instruction(request_: Any) -> None:
    assert not instructs(a_call("response", request_), "latin")


def test_case_is_folded_as_languages_have_it() -> None:
    call = a_call("response", {"instructions": "Nenne die HAUPTSTRASSE."})

    assert instructs(call, "Hauptstraße")


@given(st.text(min_size=1), st.data())
def test_any_part_of_the_instructions_is_found(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))

    assert instructs(a_call("response", {"instructions": text}), text[begin:end])


@pytest.mark.parametrize("text", ["", "[]", "7", '{"a":NaN}', '{"a":1'])
def test_what_is_no_json_object_makes_no_row(text: str) -> None:
    with pytest.raises(LogUnusable):
        read_json(text)


def test_no_text_at_all_is_an_empty_object() -> None:
    assert read_json(None) == {}


def test_numbers_keep_their_text() -> None:
    call = a_call(CHAT, read_json('{"messages":[{"role":"user","content":1.0}]}'))

    assert '"content":1.0' in exact_json.dump(row_of_call(call))


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["messages", "input", "instructions", "tools", "role", "content", "choices", "model"]
)
OBJECTS = st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(KEYS, JSON), max_size=3))


@given(st.sampled_from(["chat_completion", "response"]), OBJECTS, OBJECTS, st.lists(OBJECTS))
def test_whatever_is_kept_makes_a_row_of_one_line(
    kind: Any, request_: Any, body: Any, messages: Any
) -> None:
    row = row_of_call(a_call(kind, request_, body, messages))
    line = exact_json.dump(row).encode()

    read = row_of_text(line)
    assert b"\n" not in line
    assert isinstance(read, Row)
    assert isinstance(read.item, dict)
    assert isinstance(read.item["input"], list)
    assert {**json.loads(line)["sample"], **body} == json.loads(line)["sample"]
