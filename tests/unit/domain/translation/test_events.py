"""Streamed chat completions as events of Responses.

Rests on: documented (the events and their order; the client's types check their fields); where a
stream and its sum must agree is ours.
"""

from typing import Any

from hypothesis import given
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from evald.domain.logs.chat_assembly import ChatAssembly
from evald.domain.translation.events import ResponseEvents
from evald.domain.translation.response import response_of
from tests.unit.domain.translation.completions import FRAME, LATER, chunked

EVENT = TypeAdapter[Any](ResponseStreamEvent)


def events_of(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    translated = ResponseEvents(FRAME)
    events = translated.begin()
    for chunk in chunks:
        events += translated.take(chunk)
    return events + translated.end(completed_at=LATER)


def delta(**said: Any) -> dict[str, Any]:
    return {"model": "answered", "choices": [{"index": 0, "delta": said, "finish_reason": None}]}


def ended(reason: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def called(index: int, arguments: str, **begun: Any) -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": begun.pop("name")} if "name" in begun else {})
    return delta(tool_calls=[{"index": index, "function": function, **begun}])


@given(chunked())
def test_the_last_event_has_the_response_that_the_whole_completion_makes(
    told: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    completion, chunks = told

    last = events_of(chunks)[-1]

    assert last["response"] == response_of(FRAME, completion, completed_at=LATER)
    assert last["type"] == f"response.{last['response']['status']}"


@given(chunked())
def test_the_last_event_has_the_response_that_the_assembled_chunks_make(
    told: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    assembly = ChatAssembly()
    for chunk in told[1]:
        assembly.add(chunk)

    last = events_of(told[1])[-1]

    assert last["response"] == response_of(FRAME, assembly.answer(), completed_at=LATER)


@given(chunked())
def test_events_are_numbered_and_are_what_the_client_knows(
    told: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    events = events_of(told[1])

    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    for event in events:
        EVENT.validate_python(event)


@given(chunked())
def test_what_is_done_is_the_sum_of_its_deltas_and_stands_in_the_response(
    told: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    events = events_of(told[1])
    deltas: dict[Any, str] = {}
    for event in events:
        place = (event.get("item_id"), event.get("content_index"))
        if event["type"].endswith(".delta"):
            deltas[place] = deltas.get(place, "") + event["delta"]
        if event["type"].endswith(("text.done", "refusal.done", "arguments.done")):
            said = [event[key] for key in ("text", "refusal", "arguments") if key in event]
            assert said == [deltas.get(place, "")]

    added = [each["item"]["id"] for each in events if each["type"].endswith("item.added")]
    done = {
        each["output_index"]: each["item"] for each in events if each["type"].endswith("item.done")
    }
    assert [done[index] for index in sorted(done)] == events[-1]["response"]["output"]
    assert [each["id"] for each in events[-1]["response"]["output"]] == added


def test_a_text_and_a_call_come_in_the_documented_order() -> None:
    events = events_of(
        [
            delta(role="assistant", content=""),
            delta(content="Let me "),
            delta(content="see."),
            called(0, "", id="call_1", name="weather"),
            called(0, '{"city":'),
            called(0, '"Ulm"}'),
            ended("tool_calls"),
        ]
    )

    assert [each["type"].removeprefix("response.") for each in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    call = events[-1]["response"]["output"][1]
    assert (call["call_id"], call["name"], call["arguments"]) == (
        "call_1",
        "weather",
        '{"city":"Ulm"}',
    )


def test_only_the_last_item_of_an_answer_that_was_cut_off_is_incomplete() -> None:
    events = events_of([delta(content="So"), called(0, "{", id="c", name="f"), ended("length")])

    response = events[-1]["response"]
    assert events[-1]["type"] == "response.incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert [each["status"] for each in response["output"]] == ["completed", "incomplete"]


def test_a_text_after_a_call_is_a_message_of_its_own() -> None:
    events = events_of(
        [delta(content="a"), called(0, "{}", id="c", name="f"), delta(content="b"), ended("stop")]
    )

    output = events[-1]["response"]["output"]
    assert [each["type"] for each in output] == ["message", "function_call", "message"]
    assert output[2]["content"][0]["text"] == "b"
    assert len({each["id"] for each in output}) == 3


def test_calls_without_an_index_are_told_apart_by_their_ids() -> None:
    def piece(arguments: str, **begun: Any) -> dict[str, Any]:
        return delta(tool_calls=[{"function": {"arguments": arguments}, **begun}])

    pieces = [piece("{", id="a"), piece("}"), piece("[", id="b"), piece("]"), ended("tool_calls")]

    output = events_of(pieces)[-1]["response"]["output"]
    assert [(each["call_id"], each["arguments"]) for each in output] == [("a", "{}"), ("b", "[]")]


def test_choices_but_the_first_are_passed_over() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": None}]}

    output = events_of([delta(content="yes"), other, ended("stop")])[-1]["response"]["output"]

    assert [part["text"] for part in output[0]["content"]] == ["yes"]


def test_a_stream_that_failed_says_why_and_keeps_what_came() -> None:
    translated = ResponseEvents(FRAME)
    events = translated.begin() + translated.take(delta(content="Once upon"))

    events += translated.fail("server_error", message="Gone.")

    last: Any = events[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"] == {"code": "server_error", "message": "Gone."}
    assert last["response"]["output"][0]["status"] == "incomplete"
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
