"""Items of a streamed response that are being made, and the events that tell of it."""

from typing import Literal

from pydantic import JsonValue

from evald.domain.conversation.reading import text_or_empty
from evald.domain.translation.frame import Frame
from evald.domain.translation.items import (
    call_item,
    id_of,
    message_item,
    reasoning_item,
    reasoning_part,
    refusal_part,
    text_part,
)

Event = dict[str, JsonValue]
PartKind = Literal["output_text", "refusal", "reasoning_text"]


class OpenContent:
    """A message, or what the model thought, to which parts are added."""

    def __init__(self, frame: Frame, kind: Literal["message", "reasoning"], index: int) -> None:
        self.kind = kind
        self._id = id_of(frame, kind, index)
        self._at: Event = {"item_id": self._id, "output_index": index}
        self._index = index
        self._content: list[JsonValue] = []
        self._part: PartKind | None = None
        self._texts: list[str] = []
        self._logprobs: list[JsonValue] = []
        self._is_open = True

    def item(self, status: str) -> Event:
        """The item as it is, with the parts that are done."""
        made = message_item if self.kind == "message" else reasoning_item
        return made(self._id, status, [*self._content])

    def open(self) -> list[Event]:
        """That there is the item."""
        return [_item_event("added", self._index, self.item("in_progress"))]

    def add(self, part: PartKind, text: str, logprobs: list[JsonValue]) -> list[Event]:
        """That the item goes on with this text; in another part, where the last was another's."""
        events: list[Event] = []
        if part != self._part:
            events += self._close_part()
            self._part = part
            events.append(self._part_event("added", self._made("")))
        self._texts.append(text)
        self._logprobs += logprobs
        delta: Event = {**self._text_event("delta"), "delta": text}
        if part == "output_text":
            delta["logprobs"] = logprobs
        return [*events, delta]

    def close(self, status: str) -> list[Event]:
        """That the item is done; nothing, where it was done before."""
        if not self._is_open:
            return []
        self._is_open = False
        events = self._close_part()
        return [*events, _item_event("done", self._index, self.item(status))]

    def _close_part(self) -> list[Event]:
        if self._part is None:
            return []
        done = self._made("".join(self._texts))
        told = {key: value for key, value in done.items() if key not in ("type", "annotations")}
        events = [{**self._text_event("done"), **told}, self._part_event("done", done)]
        self._content.append(done)
        self._part, self._texts, self._logprobs = None, [], []
        return events

    def _made(self, text: str) -> Event:
        match self._part:
            case "refusal":
                return refusal_part(text)
            case "reasoning_text":
                return reasoning_part(text)
            case _:
                return text_part(text, self._logprobs)

    def _part_event(self, what: str, part: Event) -> Event:
        place: Event = {"content_index": len(self._content), "part": part}
        return {"type": f"response.content_part.{what}", **self._at, **place}

    def _text_event(self, what: str) -> Event:
        kind = f"response.{self._part}.{what}"
        return {"type": kind, **self._at, "content_index": len(self._content)}


class OpenCall:
    """The call of a function whose arguments are coming."""

    def __init__(self, frame: Frame, index: int, call: dict[str, JsonValue]) -> None:
        self._id = id_of(frame, "function_call", index)
        self._at: Event = {"item_id": self._id, "output_index": index}
        self._index = index
        self._call_id = text_or_empty(call.get("id"))
        self._name = ""
        self._arguments: list[str] = []
        self._is_open = True

    def item(self, status: str) -> Event:
        """The item with what of its arguments there is."""
        called: Event = {
            "call_id": self._call_id,
            "name": self._name,
            "arguments": "".join(self._arguments),
        }
        return call_item(self._id, status, called)

    def open(self, name: str) -> list[Event]:
        """That there is the item."""
        self._name = name
        return [_item_event("added", self._index, self.item("in_progress"))]

    def add(self, name: str, arguments: str) -> list[Event]:
        """That its arguments go on so; a name that comes late is taken too."""
        self._name = self._name or name
        if not arguments:
            return []
        self._arguments.append(arguments)
        kind = "response.function_call_arguments.delta"
        return [{"type": kind, **self._at, "delta": arguments}]

    def close(self, status: str) -> list[Event]:
        """That the item is done; nothing, where it was done before."""
        if not self._is_open:
            return []
        self._is_open = False
        item = self.item(status)
        told: Event = {"name": item["name"], "arguments": item["arguments"]}
        kind = "response.function_call_arguments.done"
        return [{"type": kind, **self._at, **told}, _item_event("done", self._index, item)]


def _item_event(what: str, index: int, item: Event) -> Event:
    return {"type": f"response.output_item.{what}", "output_index": index, "item": item}
