"""The input of a response as a list of items, each with an id of its own."""

from pydantic import JsonValue

from evald.domain.conversation.continued import as_items
from evald.domain.conversation.reading import objects

_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
}
_OTHER = "item"
_TEXTS = {"assistant": "output_text"}


def input_items(response_id: str, given: JsonValue) -> list[dict[str, JsonValue]]:
    """The items of an input, in their order, as the API shows them.

    An id that an item came with is kept. Others follow from the response's id and the item's place,
    so that they stay the same; and so does that of an item whose id stood before, since a page
    begins after an id. A content that is text is shown as one part.

    Source: OpenAI's OpenAPI document, ItemResource; the ids are ours.
    """
    shown: list[dict[str, JsonValue]] = []
    taken: set[str] = set()
    for place, item in enumerate(objects(as_items(given))):
        kind = item.get("type") if isinstance(item.get("type"), str) else "message"
        own = item.get("id")
        if not isinstance(own, str) or not own or own in taken:
            own = _id(response_id, str(kind), place)
        taken.add(own)
        rest = {key: value for key, value in _shown(item, str(kind)).items() if key != "id"}
        shown.append({"id": own, **rest})
    return shown


def _id(response_id: str, kind: str, place: int) -> str:
    # Four digits of the place, so that none is like those of the output, which has two.
    prefix = _PREFIXES.get(kind, _OTHER)
    return f"{prefix}_{response_id.partition('_')[2]}{place:04x}"


def _shown(item: dict[str, JsonValue], kind: str) -> dict[str, JsonValue]:
    if kind not in _PREFIXES:
        return item
    state: dict[str, JsonValue] = {"type": kind, "status": item.get("status") or "completed"}
    if kind != "message":
        return {**item, **state}
    return {**item, **state, "content": _parts(item.get("content"), item.get("role"))}


def _parts(content: JsonValue, role: JsonValue) -> JsonValue:
    if not isinstance(content, str):
        return content
    kind = _TEXTS.get(str(role), "input_text")
    part: dict[str, JsonValue] = {"type": kind, "text": content}
    return [{**part, "annotations": []} if kind == "output_text" else part]
