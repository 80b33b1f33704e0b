"""What the objects look like rests on recorded and documented ones; what is refused is ours."""

from typing import Any

import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from evald.domain.log_reading.objects import is_pair, read_object, read_pair
from evald.domain.logs.read_log import LogUnreadable, ReadLog

MESSAGE = {"role": "assistant", "content": "Hi."}
CHOICE: dict[str, Any] = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}


def completion(**changes: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-test",
        "choices": [CHOICE],
        **changes,
    }


def response(**changes: Any) -> dict[str, Any]:
    said = {"type": "output_text", "text": "Hi.", "annotations": []}
    message = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [said],
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000.0,
        "model": "gpt-test",
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **changes,
    }


REQUEST: dict[str, Any] = {"model": "gpt-asked", "messages": [{"role": "user", "content": "Hello"}]}


def test_a_completion_is_a_log_of_its_own() -> None:
    assert read_object(completion(metadata={"use": "chat"})) == ReadLog(
        kind="chat_completion",
        id="chatcmpl-1",
        model="gpt-test",
        body=completion(metadata={"use": "chat"}),
        metadata={"use": "chat"},
        created=1_700_000_000,
    )


def test_a_response_is_a_log_of_its_own() -> None:
    read = read_object(response())

    assert (read.kind, read.id, read.created) == ("response", "resp_1", 1_700_000_000)
    assert read.request is None


def test_a_pair_keeps_the_request_without_what_is_ours() -> None:
    asked: Any = {**REQUEST, "store": True, "metadata": {"b": "request", "c": "request"}}
    answered = completion(metadata={"a": "body", "b": "body", "c": "body"})

    read = read_pair({"request": asked, "response": answered, "metadata": {"c": "pair"}})

    assert read.request == REQUEST
    assert read.metadata == {"a": "body", "b": "request", "c": "pair"}


def test_a_pair_may_lack_what_the_request_tells() -> None:
    bare: dict[str, Any] = {"choices": [CHOICE]}

    read = read_pair({"request": REQUEST, "response": bare})

    assert (read.id, read.model, read.created) == ("", "gpt-asked", None)


def test_a_line_of_a_batchs_output_is_read() -> None:
    """Documented: the answer stands at `response.body`."""
    line: dict[str, Any] = {
        "id": "batch_req_1",
        "custom_id": "request-1",
        "response": {"status_code": 200, "request_id": "req_1", "body": completion()},
        "error": None,
    }

    assert is_pair(line)
    read = read_pair(line)
    assert (read.id, read.request_id, read.request) == ("chatcmpl-1", "req_1", None)


def test_dumps_of_the_official_client_are_read() -> None:
    dumped = ChatCompletion.model_validate(completion())
    schema = {"type": "object", "properties": {}}
    form = {"type": "json_schema", "name": "x", "schema": schema}
    answered = Response.model_validate(response(text={"format": form}))

    plain: Any = dumped.to_dict()
    assert read_object(plain).body == completion()
    assert read_object(dumped.model_dump()).id == "chatcmpl-1"
    dumps: list[Any] = [answered.to_dict(mode="json"), answered.model_dump(mode="json")]
    for dump in dumps:
        body: Any = read_object(dump).body
        assert body["text"]["format"]["schema"] == schema
        assert "schema_" not in body["text"]["format"]


BAD: list[tuple[dict[str, Any], str]] = [
    (completion(choices=[]), "without choices"),
    (completion(choices="x"), "without choices"),
    (completion(choices=[{"index": 0}]), "no message"),
    (completion(choices=[1]), "no message"),
    (completion(model=None), "names no model"),
    (completion(object="chat.completion.chunk"), "piece of a stream"),
    (completion(object="eval"), "'eval'"),
    (completion(object=7), "neither a chat completion"),
    (response(output=None), "without a list"),
    (response(output=[1]), "without a list"),
    ({}, "neither a chat completion nor a response"),
    ({"error": {"message": "no"}}, "an error instead"),
    (completion(metadata=[]), "no object"),
    (completion(metadata={"a": 1}), "no text"),
    (completion(metadata={"a" * 65: "b"}), "too long"),
    (completion(metadata={"a": "b" * 513}), "too long"),
    (completion(metadata={str(n): "" for n in range(17)}), "more than 16"),
    ({"request": 1, "response": completion()}, "'request' that is no object"),
]


@pytest.mark.parametrize(("value", "reason"), BAD)
def test_what_is_no_log_says_why(value: dict[str, Any], reason: str) -> None:
    read = read_pair if is_pair(value) else read_object

    with pytest.raises(LogUnreadable, match=reason):
        read(value)


@pytest.mark.parametrize("created", ["1700000000", True, -1, 1e300, 10**400, None])
def test_a_time_that_is_none_is_not_known(created: Any) -> None:
    assert read_object(completion(created=created)).created is None
