"""Requests made of a data source and a row.

Roles, parts and each API's spelling of them are documented (OpenAI's OpenAPI document); what a
row's own messages may look like is ours.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from evald.domain.conversation.messages import MessagesUnusable
from evald.domain.errors import InvalidValue, MissingParameter, RequestError
from evald.domain.exact_json import parse
from evald.domain.template import UnknownVariable
from evald.sampling.request import RequestPlan, compile_request
from evald.wire.data_sources import DataSource

FILE = {"type": "file_id", "id": "file-1"}


def source(type: str, input_messages: Any, **fields: Any) -> Any:
    adapter: TypeAdapter[DataSource] = TypeAdapter(DataSource)
    given = {"type": type, "source": FILE, "model": "gpt-test", "input_messages": input_messages}
    return adapter.validate_python({**given, **fields})


def template(*messages: Any, type: str = "completions", **fields: Any) -> RequestPlan:
    messages_source = {"type": "template", "template": list(messages)}
    return compile_request(source(type, messages_source, **fields))


def reference(path: str, type: str = "completions") -> RequestPlan:
    return compile_request(source(type, {"type": "item_reference", "item_reference": path}))


def sent(plan: RequestPlan, item: Any) -> Any:
    body = plan.request(item, deadline=9.0).body
    return body["messages"] if plan.api == "chat_completions" else body["input"]


def test_a_request_names_its_api_model_and_deadline() -> None:
    plan = template({"role": "user", "content": "Hi"})

    request = plan.request({}, deadline=9.0)

    assert (request.api, request.model, request.deadline) == ("chat_completions", "gpt-test", 9.0)
    assert request.body == {"model": "gpt-test", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_responses_run_sends_input_items() -> None:
    plan = template({"role": "user", "content": "Hi"}, type="responses")

    request = plan.request({}, deadline=9.0)

    assert request.api == "responses"
    assert request.body == {"model": "gpt-test", "input": [{"role": "user", "content": "Hi"}]}


def test_every_row_fills_the_template_anew() -> None:
    plan = template(
        {"role": "developer", "content": "Categorize."},
        {"role": "user", "content": "Ticket {{item.id}}: {{ item.text }}"},
    )

    first, second = [sent(plan, {"id": n, "text": "help"}) for n in (1, 2)]

    assert first == [
        {"role": "developer", "content": "Categorize."},
        {"role": "user", "content": "Ticket 1: help"},
    ]
    assert second[1] == {"role": "user", "content": "Ticket 2: help"}


@pytest.mark.parametrize("role", ["user", "assistant", "system", "developer"])
@pytest.mark.parametrize("type", ["completions", "responses"])
@pytest.mark.parametrize(
    "content",
    [
        "{{item.q}}",
        {"type": "input_text", "text": "{{item.q}}"},
        [{"type": "input_text", "text": "{{item.q}}"}],
        {"type": "output_text", "text": "{{item.q}}"},
        [{"type": "text", "text": "{{item.q}}"}],
        ["{{item.q}}"],
    ],
)
def test_one_text_however_written_is_sent_as_a_string(role: str, type: str, content: Any) -> None:
    plan = template({"role": role, "content": content}, type=type)

    assert sent(plan, {"q": "Why?"}) == [{"role": role, "content": "Why?"}]


@pytest.mark.parametrize(
    ("part", "chat"),
    [
        ({"type": "input_text", "text": "{{item.v}}"}, {"type": "text", "text": "VALUE"}),
        ({"type": "output_text", "text": "{{item.v}}"}, {"type": "text", "text": "VALUE"}),
        (
            {"type": "input_image", "image_url": "{{item.v}}", "detail": "low"},
            {"type": "image_url", "image_url": {"url": "VALUE", "detail": "low"}},
        ),
        (
            {"type": "input_image", "image_url": "{{item.v}}", "detail": None},
            {"type": "image_url", "image_url": {"url": "VALUE"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "{{item.v}}"}},
            {"type": "image_url", "image_url": {"url": "VALUE"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "{{item.v}}", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"data": "VALUE", "format": "wav"}},
        ),
        (
            {"type": "input_file", "file_id": "{{item.v}}"},
            {"type": "file", "file": {"file_id": "VALUE"}},
        ),
        (
            {"type": "input_file", "file_data": "{{item.v}}", "filename": "a.pdf"},
            {"type": "file", "file": {"file_data": "VALUE", "filename": "a.pdf"}},
        ),
        (
            {"type": "file", "file": {"file_id": "{{item.v}}"}},
            {"type": "file", "file": {"file_id": "VALUE"}},
        ),
        # Chat completions know no image by file id: the provider says so.
        (
            {"type": "input_image", "file_id": "{{item.v}}"},
            {"type": "input_image", "file_id": "VALUE"},
        ),
    ],
)
def test_parts_are_spelled_for_chat_completions(part: Any, chat: Any) -> None:
    plan = template({"role": "user", "content": ["Look:", part]})

    content = [{"type": "text", "text": "Look:"}, chat]
    assert sent(plan, {"v": "VALUE"}) == [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("part", "item"),
    [
        ({"type": "text", "text": "{{item.v}}"}, {"type": "input_text", "text": "VALUE"}),
        (
            {"type": "input_image", "image_url": "{{item.v}}", "detail": "low"},
            {"type": "input_image", "image_url": "VALUE", "detail": "low"},
        ),
        (
            {"type": "input_image", "file_id": "{{item.v}}"},
            {"type": "input_image", "file_id": "VALUE"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "{{item.v}}", "detail": "high"}},
            {"type": "input_image", "image_url": "VALUE", "detail": "high"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "{{item.v}}"}},
            {"type": "input_image", "image_url": "VALUE"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "{{item.v}}", "format": "mp3"}},
            {"type": "input_audio", "input_audio": {"data": "VALUE", "format": "mp3"}},
        ),
        (
            {"type": "input_file", "file_url": "{{item.v}}"},
            {"type": "input_file", "file_url": "VALUE"},
        ),
        (
            {"type": "file", "file": {"file_id": "{{item.v}}"}},
            {"type": "input_file", "file_id": "VALUE"},
        ),
    ],
)
def test_parts_are_spelled_for_responses(part: Any, item: Any) -> None:
    plan = template({"role": "user", "content": ["Look:", part]}, type="responses")

    content = [{"type": "input_text", "text": "Look:"}, item]
    assert sent(plan, {"v": "VALUE"}) == [{"role": "user", "content": content}]


def test_what_an_assistant_said_is_output_text_for_responses() -> None:
    plan = template({"role": "assistant", "content": ["a", "b"]}, type="responses")

    content = [{"type": "output_text", "text": "a"}, {"type": "output_text", "text": "b"}]
    assert sent(plan, {}) == [{"role": "assistant", "content": content}]


def test_a_part_alone_that_is_no_text_is_sent_as_a_list() -> None:
    plan = template({"role": "user", "content": {"type": "input_image", "image_url": "{{item.u}}"}})

    image = {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}
    assert sent(plan, {"u": "https://x.test/a.png"}) == [{"role": "user", "content": [image]}]


def test_unknown_fields_of_a_message_go_on_to_the_model() -> None:
    plan = template({"role": "assistant", "content": "{", "prefix": True})

    assert sent(plan, {}) == [{"role": "assistant", "prefix": True, "content": "{"}]


def test_unknown_fields_of_a_part_go_on_to_the_model() -> None:
    cached = {"type": "input_text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    plan = template({"role": "user", "content": cached})

    assert sent(plan, {})[0]["content"] == [{**cached, "type": "text"}]


def test_tool_calls_and_their_outputs_may_stand_in_a_template() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{{item.a}}"}}
    plan = template(
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "{{item.r}}"},
    )

    filled = {**call, "function": {"name": "f", "arguments": '{"x":1}'}}
    assert sent(plan, {"a": {"x": 1}, "r": "ok"}) == [
        {"role": "assistant", "tool_calls": [filled], "content": ""},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ]


def test_numbers_go_into_text_as_they_were_written() -> None:
    plan = template({"role": "user", "content": "{{item.n}} {{item.big}} {{item.none}}"})

    item = parse('{"n": 15.0, "big": 123456789012345678901234567890, "none": null}')
    assert sent(plan, item)[0]["content"] == "15.0 123456789012345678901234567890 null"


def test_a_variable_that_is_not_there_is_named() -> None:
    plan = template({"role": "user", "content": "{{item.a}} {{ item.b.c }}"})

    with pytest.raises(UnknownVariable) as caught:
        plan.request({"a": 1, "b": {}}, deadline=9.0)

    assert caught.value.name == "item.b.c"


def test_there_is_no_sample_before_sampling() -> None:
    plan = template({"role": "user", "content": "{{sample.output_text}}"})

    with pytest.raises(UnknownVariable):
        plan.request({}, deadline=9.0)


@given(st.text())
def test_what_a_row_holds_reaches_the_model_unchanged(text: str) -> None:
    plan = template({"role": "user", "content": "{{ item.text }}"})

    assert sent(plan, {"text": text}) == [{"role": "user", "content": text}]


CHAT = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "you"}]},
]


@pytest.mark.parametrize(
    "path", ["item.input", "{{ item.input }}", " item.input ", "{{item.input}}"]
)
def test_messages_are_found_in_the_row(path: str) -> None:
    assert sent(reference(path), {"input": CHAT}) == CHAT


def test_messages_are_found_deep_in_the_row() -> None:
    assert sent(reference("item.a[0].b"), {"a": [{"b": CHAT}]}) == CHAT


def test_what_a_rows_messages_say_is_no_template() -> None:
    messages = [{"role": "user", "content": "{{ item.secret }}"}]

    assert sent(reference("item.input"), {"input": messages, "secret": "s"}) == messages


@pytest.mark.parametrize("type", ["completions", "responses"])
@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("Hi", "Hi"),
        ("", ""),
        ('[{"role": "user", "content": "Hi"}]', "Hi"),
        ({"role": "user", "content": "Hi"}, "Hi"),
        # A question about JSON is a question.
        ("[1, 2]", "[1, 2]"),
        ("[]", "[]"),
        ('[{"type": "chair"}]', '[{"type": "chair"}]'),
        ("[not JSON", "[not JSON"),
        ('["Hi"]', '["Hi"]'),
    ],
)
def test_text_in_a_row_is_one_users_message(type: str, value: Any, content: str) -> None:
    plan = reference("item.input", type)

    assert sent(plan, {"input": value}) == [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (5, "neither a list of messages nor text"),
        (None, "neither a list of messages nor text"),
        ({"text": "Hi"}, "neither a list of messages nor text"),
        ([], "the list is empty"),
        (["Hi"], "entry 0 is not an object"),
        ([CHAT[0], {"content": "Hi"}], "entry 1 has no role"),
        ([{"role": 5, "content": "Hi"}], "entry 0 has no role"),
        ([{"role": "user"}], "entry 0 has no content"),
        ([{"role": "user", "content": None}], "entry 0 has no content"),
        ([{"role": "user", "content": []}], "entry 0 has no content"),
        ([{"role": "user", "content": 5}], "content of entry 0 is neither text nor content parts"),
        ([{"role": "user", "content": [5]}], "neither text nor content parts"),
    ],
)
@pytest.mark.parametrize("type", ["completions", "responses"])
def test_what_is_no_message_list_says_why_and_where(type: str, value: Any, why: str) -> None:
    plan = reference("item.input", type)

    with pytest.raises(MessagesUnusable, match=why) as caught:
        plan.request({"input": value}, deadline=9.0)

    assert str(caught.value).startswith("The messages at 'item.input' cannot be sent: ")


def test_a_reference_to_what_is_not_there_is_an_unknown_variable() -> None:
    with pytest.raises(UnknownVariable) as caught:
        reference("{{ item.input }}").request({}, deadline=9.0)

    assert caught.value.name == "item.input"


@pytest.mark.parametrize(
    ("unusable", "error", "param"),
    [
        (
            source("completions", {"type": "template", "template": []}, model=None),
            MissingParameter,
            "data_source.model",
        ),
        (source("responses", None), MissingParameter, "data_source.input_messages"),
        (
            source("completions", {"type": "template", "template": []}),
            InvalidValue,
            "data_source.input_messages.template",
        ),
        (
            source("completions", {"type": "item_reference", "item_reference": "input"}),
            InvalidValue,
            "data_source.input_messages.item_reference",
        ),
        (
            source("completions", {"type": "item_reference", "item_reference": "sample.x"}),
            InvalidValue,
            "data_source.input_messages.item_reference",
        ),
        (
            source("completions", {"type": "item_reference", "item_reference": "{{ item.. }}"}),
            InvalidValue,
            "data_source.input_messages.item_reference",
        ),
        (
            source("completions", {"type": "item_reference", "item_reference": ""}),
            InvalidValue,
            "data_source.input_messages.item_reference",
        ),
    ],
)
def test_what_can_make_no_request_is_refused_at_once(
    unusable: Any, error: type[RequestError], param: str
) -> None:
    with pytest.raises(error) as caught:
        compile_request(unusable)

    assert caught.value.param == param


def test_a_request_that_could_not_be_made_still_says_what_was_to_be_asked() -> None:
    plan = template({"role": "user", "content": "Hi"}, sampling_params={"seed": 7})

    assert plan.unsent(deadline=9.0).body == {"model": "gpt-test", "seed": 7}
