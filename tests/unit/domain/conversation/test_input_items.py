"""The input of a response as the API lists it.

Rests on: documented (the shapes; the client's types check them); the ids are ours.
"""

from typing import Any

from openai.types.responses import ResponseItem
from pydantic import TypeAdapter

from evald.domain.conversation.input_items import input_items

ITEM = TypeAdapter[Any](ResponseItem)


def test_a_text_is_shown_as_a_message_of_one_part() -> None:
    assert input_items("resp_ab", "Hi") == [
        {
            "id": "msg_ab0000",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Hi"}],
            "status": "completed",
        }
    ]


def test_items_are_what_the_client_knows_and_keep_their_ids() -> None:
    given: list[Any] = [
        {"role": "developer", "content": "Obey."},
        {"role": "assistant", "content": "Yes."},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "42"},
        {"type": "reasoning", "id": "rs_own", "summary": []},
    ]

    items = input_items("resp_ab", given)

    for item in items:
        ITEM.validate_python(item)
    assert [each["id"] for each in items] == [
        "msg_ab0000",
        "msg_ab0001",
        "fc_ab0002",
        "fco_ab0003",
        "rs_own",
    ]


def test_an_id_that_stands_twice_is_shown_once() -> None:
    """A page begins after an id: with two alike, pages would go round in a circle."""
    item: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "user", "content": "a"}

    assert [each["id"] for each in input_items("resp_ab", [item, item])] == [
        "msg_1",
        "msg_ab0001",
    ]
