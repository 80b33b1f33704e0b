"""Files of ours in what models are asked: the provider gets data, and what is kept holds ids.

The mirror says back what it was asked. That providers take data in place of a file's id is
documented; that we put it there is ours.
"""

import json
from base64 import b64encode
from typing import Any

import httpx2
import openai
import pytest

from tests.wire.bodies import (
    Json,
    completions,
    free_eval,
    inline,
    jsonl,
    responses,
    row,
    said,
    string_check,
    template,
)
from tests.wire.runs import graded, said_by

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
IMAGE_URL = "data:image/png;base64," + b64encode(PNG).decode()
TEXT_URL = "data:text/plain;base64," + b64encode(b"Read me.").decode()


@pytest.fixture(scope="module")
def image(client: openai.OpenAI) -> str:
    """The id of a picture, whose name does not say that it is one."""
    return client.files.create(file=("picture", PNG), purpose="vision").id


@pytest.fixture(scope="module")
def note(client: openai.OpenAI) -> str:
    """The id of a text."""
    return client.files.create(file=("note.txt", b"Read me."), purpose="user_data").id


def content(image: str, note: str) -> Json:
    """A user's message with both, as an eval's template has them."""
    return {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "See?"},
            {"type": "input_image", "file_id": image, "detail": "low"},
            {"type": "input_file", "file_id": note},
        ],
    }


def test_a_run_of_chat_completions_sends_files_as_data(
    client: openai.OpenAI, http: httpx2.Client, image: str, note: str
) -> None:
    messages = template(content(image, "{{ item.note }}"))
    source = completions(inline([row("x", note=note)]), input_messages=messages, model="mirror")

    (item,) = graded(client, free_eval(string_check()), source)

    asked = json.loads(said_by(item))
    assert asked["messages"][0]["content"][1:] == [
        {"type": "image_url", "image_url": {"url": IMAGE_URL, "detail": "low"}},
        {"type": "file", "file": {"filename": "note.txt", "file_data": TEXT_URL}},
    ]
    shown = json.dumps([each.to_dict() for each in item.sample.input])
    assert note in shown
    assert "base64" not in shown


def test_a_run_of_responses_sends_files_as_data(
    client: openai.OpenAI, image: str, note: str
) -> None:
    source = responses(
        inline([row("x")]), input_messages=template(content(image, note)), model="mirror"
    )

    (item,) = graded(client, free_eval(string_check()), source)

    asked = json.loads(said_by(item))
    assert asked["input"][0]["content"][1:] == [
        {"type": "input_image", "detail": "low", "image_url": IMAGE_URL},
        {"type": "input_file", "filename": "note.txt", "file_data": TEXT_URL},
    ]


def test_a_grader_sees_files_too(client: openai.OpenAI, image: str, note: str) -> None:
    criterion = {
        "type": "score_model",
        "name": "score",
        "model": "mirror",
        "input": [content(image, note)],
    }

    (item,) = graded(client, free_eval(criterion), jsonl(inline([said("x")])))

    sample: Any = item.results[0].to_dict()["sample"]
    assert IMAGE_URL in sample["output"][0]["content"]
    assert "base64" not in json.dumps(sample["input"])


def test_a_grader_that_is_run_alone_looks_for_files_too(client: openai.OpenAI) -> None:
    large = client.files.create(file=("large.txt", bytes(6_000_000)), purpose="user_data").id
    parts: Any = [{"type": "input_file", "file_id": large}] * 6
    grader: Any = {
        "type": "score_model",
        "name": "score",
        "model": "mirror",
        "input": [{"role": "user", "content": parts}],
    }

    run = client.fine_tuning.alpha.graders.run(grader=grader, model_sample="x")

    assert "33,554,432 bytes" in json.dumps(run.metadata.to_dict())


def test_files_that_are_too_large_err_their_item(client: openai.OpenAI) -> None:
    large = client.files.create(file=("large.txt", bytes(6_000_000)), purpose="user_data").id
    parts = [{"type": "input_file", "file_id": large}] * 6
    messages = {"type": "item_reference", "item_reference": "item.messages"}
    rows = [row("x", messages=[{"role": "user", "content": parts[:count]}]) for count in (1, 6)]
    source = completions(inline(rows), input_messages=messages)

    fits, large_item = graded(client, free_eval(string_check()), source)

    assert fits.status != "error"
    assert large_item.status == "error"
    error: Any = large_item.sample.error
    assert error.code == "files_too_large"
    assert "33,554,432 bytes" in error.message


def test_a_chat_completion_through_the_gateway_sends_data_and_keeps_ids(
    client: openai.OpenAI, http: httpx2.Client, image: str, note: str
) -> None:
    parts: Any = [
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
        {"type": "file", "file": {"file_id": note}},
        {"type": "file", "file": {"file_id": "file-somebodyelses00000000"}},
    ]

    made = client.chat.completions.create(
        model="mirror", messages=[{"role": "user", "content": parts}], store=True
    )

    asked = json.loads(made.choices[0].message.content or "")
    assert asked["messages"][0]["content"] == [
        parts[0],
        {"type": "file", "file": {"filename": "note.txt", "file_data": TEXT_URL}},
        parts[2],
    ]
    (kept,) = http.get(f"/v1/chat/completions/{made.id}/messages").json()["data"]
    assert kept["content_parts"] == parts


def test_a_response_through_the_gateway_sends_data_and_keeps_ids(
    client: openai.OpenAI, image: str, note: str
) -> None:
    message: Any = content(image, note)

    made = client.responses.create(model="mirror", input=[message])

    asked = json.loads(made.output_text)
    assert asked["input"][0]["content"][1:] == [
        {"type": "input_image", "detail": "low", "image_url": IMAGE_URL},
        {"type": "input_file", "filename": "note.txt", "file_data": TEXT_URL},
    ]
    (kept,) = client.responses.input_items.list(made.id).data
    assert "base64" not in kept.to_json()
    assert note in kept.to_json()


def test_files_that_are_too_large_are_refused_by_the_gateway(client: openai.OpenAI) -> None:
    large = client.files.create(file=("large.txt", bytes(6_000_000)), purpose="user_data").id
    part: Any = {"type": "file", "file": {"file_id": large}}

    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(
            model="mirror", messages=[{"role": "user", "content": [part] * 6}]
        )

    assert (refused.value.status_code, refused.value.code) == (413, "files_too_large")
    assert refused.value.param == "messages[0].content[5].file.file_id"
