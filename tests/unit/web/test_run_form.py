"""From a run to a form and back: what nobody changes stays as it was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain import exact_json
from evald.web.run_form import (
    MessageField,
    RunForm,
    SourceFields,
    form_of_fields,
    form_of_source,
    request_body,
)

Json = dict[str, JsonValue]
TEXT: Json = {"type": "input_text", "text": "Sort: {{ item.ticket }}"}
IMAGE: Json = {"type": "input_image", "image_url": "{{ item.picture }}", "detail": "low"}


def source(**changes: Any) -> Json:
    template = [
        {
            "type": "message",
            "role": "system",
            "content": {"type": "input_text", "text": "Be short."},
        },
        {"type": "message", "role": "user", "content": TEXT, "name": "kept"},
    ]
    return {
        "type": "completions",
        "source": {"type": "file_id", "id": "file-1"},
        "input_messages": {"type": "template", "template": template},
        "model": "gpt-x",
        "sampling_params": {"temperature": exact_json.parse("0.10"), "seed": 7, "tools": []},
        **changes,
    }


def shown(form: RunForm) -> dict[str, list[str]]:
    """The fields that a browser sends of this form if nobody changes it."""
    fields = {"name": [form.name], "model": [form.model]}
    for at, message in enumerate([*form.messages, MessageField("user", "")]):
        fields |= {f"role.{at}": [message.role], f"text.{at}": [message.text]}
    if form.item_reference is not None:
        fields["item_reference"] = [form.item_reference]
    return fields | {f"param.{name}": [text] for name, text in form.params.items()}


def sent(given: Json, **changes: str) -> tuple[Json, dict[str, str]]:
    """The body that the form of this data source makes, with these fields changed."""
    base = form_of_source(given, name="Run 1")
    fields = shown(base) | {key.replace("__", "."): [text] for key, text in changes.items()}
    return request_body(form_of_fields(fields, base), given)


def data_source(given: Json, **changes: str) -> Any:
    body, problems = sent(given, **changes)
    assert problems == {}
    return body["data_source"]


def test_an_unchanged_form_asks_for_the_same_run() -> None:
    body, problems = sent(source())

    assert problems == {}
    assert exact_json.dump(body) == exact_json.dump({"data_source": source(), "name": "Run 1"})


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "responses"},
        {"input_messages": {"type": "item_reference", "item_reference": "item.input"}},
        {
            "input_messages": {
                "type": "template",
                "template": [{"role": "user", "content": [TEXT, IMAGE]}],
            }
        },
        {
            "input_messages": {
                "type": "template",
                "template": [{"role": "user", "content": "a\r\nb\0\u202e"}],
            }
        },
        {"input_messages": {"type": "template", "template": [{"role": "user", "content": ""}]}},
    ],
)
def test_what_a_form_cannot_show_whole_stays_if_it_is_not_touched(changes: Json) -> None:
    assert data_source(source(**changes)) == source(**changes)


def test_a_run_without_a_model_keeps_its_rows_alone() -> None:
    given: Json = {"type": "jsonl", "source": {"type": "file_id", "id": "file-1"}}

    assert data_source(given) == given


def test_another_model_changes_nothing_else() -> None:
    assert data_source(source(), model=" gpt-y ") == source(model="gpt-y")


def test_a_changed_message_is_a_text_and_the_others_stay() -> None:
    template = data_source(source(), text__0="Be long.")["input_messages"]["template"]

    assert template[0]["content"] == {"type": "input_text", "text": "Be long."}
    assert template[1]["name"] == "kept"


def test_messages_are_added_and_left_out() -> None:
    changed = data_source(source(), text__0=" ", text__2="More?", role__2="developer")
    template = changed["input_messages"]["template"]

    assert [(each["role"], each["content"]["text"]) for each in template] == [
        ("user", "Sort: {{ item.ticket }}"),
        ("developer", "More?"),
    ]


def test_a_message_of_parts_is_changed_as_json() -> None:
    parts = source(
        input_messages={"type": "template", "template": [{"role": "user", "content": [IMAGE]}]}
    )

    template = data_source(parts, text__0="[]")["input_messages"]["template"]
    _, problems = sent(parts, text__0="[")

    assert template[0]["content"] == []
    assert problems["text.0"].startswith("This is not JSON")


def test_parameters_are_changed_added_and_left_out() -> None:
    changed = data_source(
        source(), param__temperature="0.20", param__seed="", param__reasoning_effort="low"
    )

    assert exact_json.dump(changed["sampling_params"]) == (
        '{"temperature":0.20,"reasoning_effort":"low","tools":[]}'
    )


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("param__temperature", "warm", "This is not a number."),
        ("param__seed", "true", "This is not a number."),
        ("param__other_params", "[1]", "This is not a JSON object."),
        ("param__other_params", "{", "This is not JSON: "),
    ],
)
def test_what_is_wrong_is_told_at_its_field(field: str, text: str, sentence: str) -> None:
    _, problems = sent(source(), **{field: text})

    assert problems[field.replace("__", ".")].startswith(sentence)


def test_a_new_run_over_a_file_needs_one() -> None:
    base = RunForm("completions", source=SourceFields(is_logs=False))

    body, _ = request_body(
        form_of_fields({"source.file_id": ["file-9"], "kind": ["jsonl"]}, base), {}
    )
    _, problems = request_body(form_of_fields({}, base), {})

    assert body == {"data_source": {"type": "jsonl", "source": {"type": "file_id", "id": "file-9"}}}
    assert list(problems) == ["source.file_id"]


def test_a_new_run_over_logs_has_their_filter() -> None:
    base = RunForm("completions", source=SourceFields(is_logs=True))
    fields = {
        "source.type": ["responses"],
        "source.model": ["gpt-x"],
        "source.metadata": ["use=chat\n\nteam = a=b"],
        "source.created_after": ["2025-06-15"],
        "source.limit": ["10"],
        "model": [""],
    }

    body, problems = request_body(form_of_fields(fields, base), {})

    assert problems == {}
    assert body["data_source"] == {
        "type": "responses",
        "source": {
            "type": "responses",
            "model": "gpt-x",
            "metadata": {"use": "chat", "team": "a=b"},
            "created_after": 1_749_945_600,
            "limit": 10,
        },
    }


def test_what_is_wrong_with_a_filter_is_told_at_its_fields() -> None:
    base = RunForm("completions", source=SourceFields(is_logs=True))
    fields = {
        "source.metadata": ["use"],
        "source.created_before": ["soon"],
        "source.limit": ["many"],
    }

    _, problems = request_body(form_of_fields(fields, base), {})

    assert sorted(problems) == ["source.created_before", "source.limit", "source.metadata"]


@given(st.text(st.characters(codec=None), min_size=1), st.sampled_from(["user", "system"]))
def test_no_text_of_a_message_is_changed_by_being_shown(text: str, role: str) -> None:
    template: JsonValue = [{"role": role, "content": {"type": "input_text", "text": text}}]
    given = source(input_messages={"type": "template", "template": template})

    assert data_source(given) == given
