"""The chunks of a streamed chat completion as the events of a streamed response."""

from typing import Literal

from pydantic import JsonValue

from evald.domain.conversation.reading import objects, text_or_empty
from evald.domain.translation.frame import Frame
from evald.domain.translation.items import REASONING_KEYS, first_text, logprobs_of
from evald.domain.translation.open_items import Event, OpenCall, OpenContent, PartKind
from evald.domain.translation.response import Ending, ended, failed

_COPIED = ("model", "service_tier", "usage")
"""What a chunk tells beside its choices; the last that tells it counts."""


class ResponseEvents:
    """Makes events of chunks, in the documented order, numbered from 0.

    `begin` once, `take` for every chunk, then `end` or `fail`: the last event holds the response.
    What was said ends where a call begins; calls stay open to the end, since some providers mix
    their pieces. Where text comes after a call, which hardly any model does, it is a message of its
    own. Choices but the first are passed over.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._sent = 0
        self._items: list[OpenContent | OpenCall] = []
        self._calls: dict[int, OpenCall] = {}
        self._told: dict[str, JsonValue] = {}
        self._finish_reason: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether a chunk has said why the answer ended."""
        return self._finish_reason is not None

    def begin(self) -> list[Event]:
        """That there is a response, and that it is in progress."""
        response = self._frame.response()
        kinds = ("response.created", "response.in_progress")
        return self._numbered([{"type": kind, "response": response} for kind in kinds])

    def take(self, chunk: dict[str, JsonValue]) -> list[Event]:
        """What the chunk adds."""
        self._told |= {key: chunk[key] for key in _COPIED if chunk.get(key) is not None}
        choice = next((each for each in objects(chunk.get("choices")) if not each.get("index")), {})
        reason, delta = choice.get("finish_reason"), choice.get("delta")
        if isinstance(reason, str):
            self._finish_reason = reason
        return self._numbered(self._heard(choice, delta)) if isinstance(delta, dict) else []

    def end(self, *, completed_at: int) -> list[Event]:
        """That all items are done, and the response with them; `completed_at` in Unix seconds."""
        ending = Ending(self._finish_reason, completed_at, self._told)
        events, output = self._close(ending.status)
        response = ended(self._frame, output, ending)
        last: Event = {"type": f"response.{ending.status}", "response": response}
        return self._numbered([*events, last])

    def fail(self, code: str, *, message: str) -> list[Event]:
        """That the response failed; what had come of it stands in it, the last item incomplete."""
        events, output = self._close("incomplete")
        response = failed(self._frame, code, message=message, output=output)
        return self._numbered([*events, {"type": "response.failed", "response": response}])

    def _heard(self, choice: dict[str, JsonValue], delta: dict[str, JsonValue]) -> list[Event]:
        events: list[Event] = []
        if thought := first_text(delta, REASONING_KEYS):
            events += self._say("reasoning_text", thought, [])
        if text := text_or_empty(delta.get("content")):
            events += self._say("output_text", text, logprobs_of(choice))
        if refusal := text_or_empty(delta.get("refusal")):
            events += self._say("refusal", refusal, [])
        for call in objects(delta.get("tool_calls")):
            events += self._call(call)
        return events

    def _say(self, part: PartKind, text: str, logprobs: list[JsonValue]) -> list[Event]:
        kind: Literal["message", "reasoning"]
        kind = "reasoning" if part == "reasoning_text" else "message"
        said, events = self._items[-1] if self._items else None, list[Event]()
        if not isinstance(said, OpenContent) or said.kind != kind:
            events += self._close_said()
            said = OpenContent(self._frame, kind, len(self._items))
            self._items.append(said)
            events += said.open()
        return [*events, *said.add(part, text, logprobs)]

    def _call(self, given: dict[str, JsonValue]) -> list[Event]:
        function = given.get("function")
        if not isinstance(function, dict):
            return []
        name, arguments = (text_or_empty(function.get(each)) for each in ("name", "arguments"))
        events, key = list[Event](), self._key(given)
        call = self._calls.get(key)
        if call is None:
            events += self._close_said()
            call = self._calls[key] = OpenCall(self._frame, len(self._items), given)
            self._items.append(call)
            events += call.open(name)
        return [*events, *call.add(name, arguments)]

    def _key(self, call: dict[str, JsonValue]) -> int:
        """Which call this is of; without an index, an id begins a new one."""
        index = call.get("index")
        if isinstance(index, int):
            return index
        return len(self._calls) if call.get("id") else max(len(self._calls) - 1, 0)

    def _close_said(self) -> list[Event]:
        last = self._items[-1] if self._items else None
        return last.close("completed") if isinstance(last, OpenContent) else []

    def _close(self, status: str) -> tuple[list[Event], list[JsonValue]]:
        """What is still open is done; only the last item can be cut off."""
        statuses = ["completed"] * (len(self._items) - 1) + [status]
        items = list(zip(self._items, statuses, strict=False))
        events = [event for item, end in items for event in item.close(end)]
        return events, [item.item(end) for item, end in items]

    def _numbered(self, events: list[Event]) -> list[Event]:
        first, self._sent = self._sent, self._sent + len(events)
        return [
            {**event, "sequence_number": number} for number, event in enumerate(events, start=first)
        ]
