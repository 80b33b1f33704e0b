import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.conversation.attachments import FileData, files_named, with_data

ID = "file-abc"
URL = "data:image/png;base64,AAAA"
FILES = {ID: FileData("a.png", URL)}


def chat(*parts: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": list(parts)}]}


def response(*parts: Any) -> dict[str, Any]:
    return {"model": "m", "input": [{"role": "user", "content": list(parts)}]}


IN_CHAT: list[tuple[Any, Any]] = [
    (
        {"type": "file", "file": {"file_id": ID}},
        {"type": "file", "file": {"filename": "a.png", "file_data": URL}},
    ),
    (
        {"type": "file", "file": {"file_id": ID, "filename": "mine.png", "x": 1}},
        {"type": "file", "file": {"filename": "a.png", "x": 1, "file_data": URL}},
    ),
    (
        {"type": "image_url", "image_url": {"file_id": ID, "detail": "low"}},
        {"type": "image_url", "image_url": {"detail": "low", "url": URL}},
    ),
    (
        {"type": "input_image", "file_id": ID, "detail": "low"},
        {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
    ),
    (
        {"type": "input_image", "file_id": ID},
        {"type": "image_url", "image_url": {"url": URL}},
    ),
]

IN_RESPONSES: list[tuple[Any, Any]] = [
    (
        {"type": "input_file", "file_id": ID},
        {"type": "input_file", "filename": "a.png", "file_data": URL},
    ),
    (
        {"type": "input_image", "file_id": ID, "detail": "high"},
        {"type": "input_image", "detail": "high", "image_url": URL},
    ),
]


@pytest.mark.parametrize(("part", "filled"), IN_CHAT)
def test_a_file_named_in_chat_completions_stands_as_data(part: Any, filled: Any) -> None:
    assert with_data(chat(part), FILES) == chat(filled)


@pytest.mark.parametrize(("part", "filled"), IN_RESPONSES)
def test_a_file_named_in_responses_stands_as_data(part: Any, filled: Any) -> None:
    assert with_data(response(part), FILES) == response(filled)


def test_a_file_in_the_output_of_a_function_is_found_too() -> None:
    output: Any = {
        "type": "function_call_output",
        "output": [{"type": "input_file", "file_id": ID}],
    }

    filled: Any = with_data({"input": [output]}, FILES)

    assert [each.path for each in files_named({"input": [output]})] == [
        "input[0].output[0].file_id"
    ]
    assert filled["input"][0]["output"][0]["file_data"] == URL


def test_files_are_named_in_order_and_as_often_as_they_stand() -> None:
    body = chat(*(part for part, _ in IN_CHAT), {"type": "input_file", "file_id": "file-2"})

    named = files_named(body)

    assert [each.id for each in named] == [ID] * len(IN_CHAT) + ["file-2"]
    assert named[0].path == "messages[0].content[0].file.file_id"
    assert named[2].path == "messages[0].content[2].image_url.file_id"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": "no list"},
        {"messages": [1, None, {"content": "text"}, {"content": [1, "text"]}]},
        chat({"type": "text", "text": ID}),
        chat({"type": "file", "file": ID}),
        chat({"type": "file", "file": {"file_id": 7}}),
        chat({"type": "file", "file": {"file_id": "assistant-abc"}}),
        chat({"type": "file", "file": {"file_id": "file-" + "x" * 200}}),
        chat({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}),
        response({"type": "input_image", "image_url": "https://x.test/a.png"}),
        response({"type": "input_file", "file_url": "https://x.test/a.pdf"}),
        response({"type": ["input_file"], "file_id": ID}),
        {"input": "text"},
    ],
)
def test_what_names_no_file_of_ours_stays_as_it_is(body: Any) -> None:
    assert files_named(body) == []
    assert with_data(body, FILES) == body


def test_a_file_that_is_not_there_stays_named() -> None:
    body = chat({"type": "file", "file": {"file_id": "file-other"}})

    assert with_data(body, FILES) == body


PARTS = st.sampled_from([part for part, _ in (*IN_CHAT, *IN_RESPONSES)]) | st.dictionaries(
    st.sampled_from(["type", "file", "file_id", "image_url", "detail"]),
    st.none() | st.text(max_size=3) | st.sampled_from(["file", "input_image", ID]),
)


@given(st.lists(PARTS), st.lists(PARTS))
def test_afterwards_no_file_is_named_and_the_body_is_as_it_was(
    asked: list[Any], told: list[Any]
) -> None:
    body = {**chat(*asked), **response(*told)}
    before = copy.deepcopy(body)

    filled = with_data(body, FILES)

    assert files_named(filled) == []
    assert body == before
