"""What a chat completion says."""

from pydantic import JsonValue

from evald.domain.conversation.parts import TEXT_TYPES
from evald.domain.conversation.reading import Reading, objects, text_or_empty, tokens, unreadable


def read_chat_answer(body: dict[str, JsonValue]) -> Reading:
    """What the first choice of a chat completion says.

    Content given as parts is their text, joined. A refusal is an answer like another, and so is
    one that was cut off.
    """
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not (isinstance(choices, list) and isinstance(choice, dict) and isinstance(message, dict)):
        return unreadable(body, "The provider's answer has no choice with a message.")
    finish_reason, audio = choice.get("finish_reason"), message.get("audio")
    refusal = message.get("refusal")
    return Reading(
        model=text_or_empty(body.get("model")),
        usage=tokens(body),
        choices=choices,
        text=_text(message.get("content")),
        tool_calls=[*objects(message.get("tool_calls"))],
        refusal=refusal if isinstance(refusal, str) else None,
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        audio=audio if isinstance(audio, dict) else None,
    )


def _text(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    texts = [part for part in objects(content) if part.get("type") in TEXT_TYPES]
    return "".join([text_or_empty(part.get("text")) for part in texts])
