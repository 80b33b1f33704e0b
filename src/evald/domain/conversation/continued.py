"""A conversation of Responses that goes on: what was put in, what came out, and what follows."""

from pydantic import JsonValue

from evald.domain.conversation.reading import objects

# What an answer has of itself, and an item that is sent anew does not need: where nothing is
# stored, an id leads nowhere, and providers refuse it.
_OF_AN_ANSWER = frozenset({"id", "status"})
_FREE_OF_IDS = ("message", "function_call", "custom_tool_call")


def continued(asked: JsonValue, output: JsonValue, more: JsonValue) -> list[JsonValue]:
    """The whole conversation, as input for whoever knows nothing of it.

    Items of an answer lose the ids that only its provider could resolve. Reasoning goes along where
    it is encrypted, since then the provider can read it again; other reasoning is left out.

    Args:
        asked: the input of the response that is followed.
        output: what it answered.
        more: the input that follows.

    Source: ours, after OpenAI's guide "Conversation state" (what stateless callers send).
    """
    answered = [_sent_anew(each) for each in objects(output) if _can_be_sent(each)]
    return [*as_items(asked), *answered, *as_items(more)]


def as_items(given: JsonValue) -> list[JsonValue]:
    """An input as the list of its items: a text alone is a user's message, and null is none."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return given if isinstance(given, list) else []


def _can_be_sent(item: dict[str, JsonValue]) -> bool:
    return item.get("type") != "reasoning" or bool(item.get("encrypted_content"))


def _sent_anew(item: dict[str, JsonValue]) -> JsonValue:
    if item.get("type") not in _FREE_OF_IDS:
        return item
    return {key: value for key, value in item.items() if key not in _OF_AN_ANSWER}
