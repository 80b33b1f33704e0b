"""What goes out to a model for a row, and what its answer becomes.

The mirror says back, as JSON, what it was asked.
"""

import json
from typing import Any

import openai
import pytest

from tests.wire.bodies import (
    Json,
    completions,
    free_eval,
    inline,
    responses,
    string_check,
    template,
)
from tests.wire.mirror import ARGUMENTS
from tests.wire.runs import graded, said_by

FUNCTION: Json = {
    "name": "extract",
    "parameters": {"type": "object", "properties": {"symbols": {"type": "array"}}},
}
ANY = free_eval(string_check(operation="like", reference=""))
HELLO = {"role": "user", "content": "hello"}


def asked_for(client: openai.OpenAI, data_source: Any, item: Json, **changes: Any) -> Json:
    """The request that goes out for an item."""
    (asked,) = all_asked(client, data_source(inline([{"item": item}]), model="mirror", **changes))
    return asked


def all_asked(client: openai.OpenAI, data_source: Json) -> list[Json]:
    """The requests that go out for the rows of a data source, by row."""
    items = graded(client, ANY, data_source)
    assert [item.status for item in items] == ["pass"] * len(items)
    return [json.loads(said_by(item)) for item in items]


def test_only_what_was_set_is_sent(client: openai.OpenAI) -> None:
    """Observed 2025-07: no seed of 42 and no other default of the document was applied."""
    asked = asked_for(client, completions, {"prompt": "p"})

    assert asked == {"model": "mirror", "messages": [{"role": "user", "content": "p"}]}


def test_parameters_of_chat_completions_go_out_as_they_are(client: openai.OpenAI) -> None:
    """Documented, but for those that no document has, which go on too (ours)."""
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": {}, "strict": True}}
    params = {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "max_completions_tokens": 50,
        "reasoning_effort": "low",
        "response_format": schema,
        "tools": [{"type": "function", "function": FUNCTION}],
        "logit_bias": {"50256": -100},
    }

    asked = asked_for(client, completions, {"prompt": "p"}, sampling_params=params)

    del params["max_completions_tokens"]
    messages = [{"role": "user", "content": "p"}]
    assert asked == {
        "model": "mirror",
        "messages": messages,
        "max_completion_tokens": 50,
        **params,
    }


def test_parameters_of_responses_go_out_under_its_names(client: openai.OpenAI) -> None:
    """Documented; Responses has no seed, and tools of any kind go on untouched."""
    tools = [
        {"type": "web_search_preview"},
        {"type": "mcp", "server_url": "https://example.com", "require_approval": "never"},
    ]
    text = {"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}}}
    params = {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "max_completion_tokens": 50,
        "reasoning_effort": "low",
        "tools": tools,
        "text": text,
    }

    asked = asked_for(client, responses, {"prompt": "p"}, sampling_params=params)

    assert asked == {
        "model": "mirror",
        "input": [{"role": "user", "content": "p"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 50,
        "reasoning": {"effort": "low"},
        "tools": tools,
        "text": text,
    }


PARTS: list[Json] = [
    {"type": "input_text", "text": "see {{ item.prompt }}"},
    {"type": "input_image", "image_url": "https://example.com/{{ item.prompt }}.png"},
    {"type": "input_audio", "input_audio": {"data": "{{ item.audio }}", "format": "wav"}},
    {"type": "input_file", "file_data": "data:;base64,{{ item.audio }}", "filename": "f.pdf"},
]
ITEM = {"prompt": "p", "audio": "AAAA"}


def test_content_parts_for_chat_completions(client: openai.OpenAI) -> None:
    """Documented for each API; that one is translated into the other is ours."""
    messages = template({"role": "user", "content": PARTS}, {"role": "assistant", "content": "ok"})

    asked = asked_for(client, completions, ITEM, input_messages=messages)

    assert asked["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see p"},
                {"type": "image_url", "image_url": {"url": "https://example.com/p.png"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {
                    "type": "file",
                    "file": {"file_data": "data:;base64,AAAA", "filename": "f.pdf"},
                },
            ],
        },
        {"role": "assistant", "content": "ok"},
    ]


def test_content_parts_for_responses(client: openai.OpenAI) -> None:
    """Documented; an image as a message's whole content was observed 2025."""
    said_before = {"type": "output_text", "text": "ok"}
    messages = template(
        {"role": "user", "content": PARTS[:2]},
        {"role": "assistant", "content": said_before},
        {"role": "user", "content": PARTS[1]},
    )

    asked = asked_for(client, responses, ITEM, input_messages=messages)

    image = {"type": "input_image", "image_url": "https://example.com/p.png"}
    assert asked["input"][0]["content"] == [{"type": "input_text", "text": "see p"}, image]
    assert [message["role"] for message in asked["input"]] == ["user", "assistant", "user"]
    assert asked["input"][1]["content"] in ("ok", [said_before])
    assert asked["input"][2]["content"] == [image]


CHATS = [
    [{"role": "system", "content": "brief"}, HELLO],
    json.dumps([{"role": "system", "content": "brief"}, HELLO]),
    [
        {"type": "message", "role": "system", "content": "brief"},
        {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
    ],
]


@pytest.mark.parametrize("reference", ["item.chat", "{{ item.chat }}", "item.deep.chat"])
def test_an_item_may_hold_its_messages(client: openai.OpenAI, reference: str) -> None:
    """Lists are documented; JSON text, Responses items and braces around the path are ours."""
    content = [{"item": {"chat": chat, "deep": {"chat": chat}}} for chat in CHATS]
    messages = {"type": "item_reference", "item_reference": reference}
    source = completions(inline(content), model="mirror", input_messages=messages)

    for asked in all_asked(client, source):
        assert asked["messages"] == [{"role": "system", "content": "brief"}, HELLO]


def test_text_is_one_message_of_the_user(client: openai.OpenAI) -> None:
    """Ours."""
    messages = {"type": "item_reference", "item_reference": "item.name"}

    asked = asked_for(client, responses, {"name": "hello"}, input_messages=messages)

    assert asked["input"] == [HELLO]


def test_a_conversation_with_tools_is_sent_on(client: openai.OpenAI) -> None:
    """Ours: what the row has of calls and their outputs reaches the model."""
    function = {"name": "f", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    chat = [
        HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ]
    messages = {"type": "item_reference", "item_reference": "item.chat"}

    asked = asked_for(client, completions, {"chat": chat}, input_messages=messages)

    assert asked["messages"] == chat


def test_an_item_without_usable_messages_is_errored(client: openai.OpenAI) -> None:
    """Ours: the row's error, not the run's."""
    values: list[Any] = [7, [], None, ["x"], {"a": 1}]
    content = [{"item": {"chat": value}} for value in values]
    messages = {"type": "item_reference", "item_reference": "item.chat"}

    items = graded(client, ANY, completions(inline(content), input_messages=messages))

    assert [item.status for item in items] == ["error"] * len(values)
    assert {item.sample.error.code for item in items} == {"invalid_input_messages"}
    assert all("item.chat" in item.sample.error.message for item in items)


@pytest.mark.parametrize("data_source", [completions, responses])
def test_tool_calls_are_told_as_chat_completions_tell_them(
    client: openai.OpenAI, data_source: Any
) -> None:
    """Observed 2025, for both APIs: calls in the sample, arguments walked into as JSON."""
    tool_name = "{{ sample.output_tools[0].function.name }}"
    arguments = "{{sample.output_tools[0].function.arguments.symbols}}"
    whole = "{{ sample.output_tools[0].function.arguments }}"
    body = free_eval(
        string_check("name", input=tool_name, reference="extract"),
        string_check("arguments", input=arguments, reference='["a","b"]'),
        string_check("whole", input=whole, reference=ARGUMENTS),
        string_check("text", reference=""),
        string_check("offered", input="{{ sample.input_tools[0].type }}", reference="function"),
    )
    tools = [{"type": "function", "function": FUNCTION, **FUNCTION}]
    source = data_source(
        inline([{"item": {"prompt": "p"}}]),
        model="mirror-calls",
        sampling_params={"tools": tools},
    )

    (item,) = graded(client, body, source)

    assert [result.passed for result in item.results] == [True] * 5
    (message,) = item.sample.output
    function = {"name": "extract", "arguments": ARGUMENTS}
    call = {"id": "call_1", "type": "function", "function": function}
    assert message.to_dict() == {"role": "assistant", "content": "", "tool_calls": [call]}


def test_a_refusal_is_an_answer(client: openai.OpenAI) -> None:
    """Ours: it is graded like any other, and stands in the sample."""
    source = completions(inline([{"item": {"prompt": "p"}}]), model="mirror-refuses")

    (item,) = graded(client, free_eval(string_check(reference="")), source)

    assert item.status == "pass"
    assert item.sample.output[0].to_dict()["refusal"] == "I would rather not."


def test_inputs_are_flattened_to_text(client: openai.OpenAI) -> None:
    """Observed 2025-07 for text and images; audio and files are ours."""
    messages = template({"role": "user", "content": PARTS})
    source = completions(inline([{"item": ITEM}]), model="mirror", input_messages=messages)

    (item,) = graded(client, ANY, source)

    text = "see p <image>https://example.com/p.png</image> <audio> <file>f.pdf</file>"
    assert [each.to_dict() for each in item.sample.input] == [{"role": "user", "content": text}]
