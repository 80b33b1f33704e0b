"""Conversations of Responses that go on without anybody who remembers them.

Rests on: ours, after OpenAI's guide "Conversation state".
"""

from typing import Any

from evald.domain.conversation.continued import as_items, continued

SAID: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Ulm.", "annotations": []}],
}
CALL: dict[str, Any] = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def test_what_follows_comes_after_what_was_asked_and_answered() -> None:
    output: list[Any] = [{"id": "msg_1", "status": "completed", **SAID}]

    assert continued("Where?", output, [{"role": "user", "content": "Why?"}]) == [
        {"type": "message", "role": "user", "content": "Where?"},
        SAID,
        {"role": "user", "content": "Why?"},
    ]


def test_ids_that_only_the_provider_could_resolve_are_left_out() -> None:
    output: list[Any] = [
        {"id": "fc_1", "status": "completed", **CALL},
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
    ]

    assert continued(None, output, None) == [CALL, output[1]]


def test_reasoning_goes_along_only_where_it_is_encrypted() -> None:
    sealed: dict[str, Any] = {"id": "rs_2", "type": "reasoning", "encrypted_content": "x"}
    plain: dict[str, Any] = {"id": "rs_1", "type": "reasoning", "summary": []}

    assert continued([], [plain, sealed], []) == [sealed]


def test_no_input_is_no_item() -> None:
    assert as_items(None) == []
