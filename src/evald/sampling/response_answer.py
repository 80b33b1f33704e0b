"""What a response of the Responses API says."""

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.reading import Reading, objects, text_or_empty, tokens, unreadable
from evald.domain.conversation.tool_calls import chat_call, is_call

_FINISHED = ("completed", "incomplete", None)
_SPOKEN = ("output_text", "refusal")
_CUT_OFF = {"max_output_tokens": "length"}


def read_response(body: dict[str, JsonValue]) -> Reading:
    """What a response says, its output told as one chat-completions choice.

    Every call of a tool is among the tool calls, those of the provider's own tools and of MCP
    servers too. A response that failed, or that is not finished, is an error.

    Source: observed 2025 (calls told chat-style).
    """
    output, status = body.get("output"), body.get("status")
    if status not in _FINISHED:
        return unreadable(body, f"The provider's answer has the status {exact_json.dump(status)}.")
    if not isinstance(output, list):
        return unreadable(body, "The provider's answer has no output.")
    items = objects(output)
    said = [part for item in items for part in _said(item)]
    text = "".join([text_or_empty(part.get("text")) for part in said])
    refusal = "".join([text_or_empty(part.get("refusal")) for part in said]) or None
    calls: list[JsonValue] = [chat_call(item) for item in items if is_call(item)]
    finish_reason = _finish_reason(body, items)
    message: dict[str, JsonValue] = {
        "role": "assistant",
        "content": text if said else None,
        "refusal": refusal,
        **({"tool_calls": calls} if calls else {}),
    }
    return Reading(
        model=text_or_empty(body.get("model")),
        usage=tokens(body),
        choices=[{"index": 0, "message": message, "finish_reason": finish_reason}],
        text=text,
        tool_calls=calls,
        refusal=refusal,
        finish_reason=finish_reason,
        reasoning_summary=_reasoning_summary(items),
    )


def _said(item: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
    if item.get("type") != "message":
        return []
    return [part for part in objects(item.get("content")) if part.get("type") in _SPOKEN]


def _finish_reason(body: dict[str, JsonValue], items: list[dict[str, JsonValue]]) -> str:
    if body.get("status") == "incomplete":
        details = body.get("incomplete_details")
        reason = text_or_empty(details.get("reason")) if isinstance(details, dict) else ""
        return _CUT_OFF.get(reason, reason or "length")
    done = [item for item in items if item.get("type") != "reasoning"]
    return "tool_calls" if done and is_call(done[-1]) else "stop"


def _reasoning_summary(items: list[dict[str, JsonValue]]) -> str | None:
    parts = [
        text_or_empty(part.get("text"))
        for item in items
        if item.get("type") == "reasoning"
        for part in objects(item.get("summary"))
    ]
    return "\n\n".join(parts) if parts else None
