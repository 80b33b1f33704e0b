"""Events are cut out of a stream as they are, however the stream is cut itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.logs.server_events import (
    EventSplitter,
    EventTooLong,
    data_event,
    event_data,
    is_done,
)
from tests.unit.http.asgi import cut

EVENTS = st.lists(
    st.sampled_from(
        [
            b"data: {}\n\n",
            b"data: 1\r\n\r\n",
            b": comment\r\r",
            b"event: a\ndata: x\ndata: y\n\n",
            b"data: \xc3\xbc\n\r\n",
            b"id: 3\rdata: z\n\n",
        ]
    ),
    max_size=8,
)


def fed(pieces: list[bytes]) -> list[bytes]:
    splitter = EventSplitter()
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return [*events, splitter.rest()]


@given(EVENTS, st.lists(st.integers(0, 7), max_size=40))
def test_however_a_stream_is_cut_no_byte_of_it_is_lost(events: list[bytes], at: list[int]) -> None:
    whole = b"".join(events)

    assert b"".join(fed(cut(whole, at))) == whole


@given(EVENTS)
def test_a_stream_that_comes_at_once_is_cut_between_its_events(events: list[bytes]) -> None:
    assert fed([b"".join(events)]) == [*events, b""]


@given(EVENTS, st.lists(st.integers(0, 7), max_size=40))
def test_however_a_stream_is_cut_its_data_are_the_same(events: list[bytes], at: list[int]) -> None:
    whole = b"".join(events)

    found = [event_data(event) for event in fed(cut(whole, at))]

    assert [each for each in found if each] == [data for data in map(event_data, events) if data]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (b'data: {"a":1}\n\n', b'{"a":1}'),
        (b"data:x\r\n\r\n", b"x"),
        (b"data:  x\n\n", b" x"),
        (b"event: e\ndata: a\ndata: b\n\n", b"a\nb"),
        (b": data: x\n\n", b""),
        (b"data\n\n", b""),
        (b"\ndata: x\n\n", b"x"),
        (b"data: x", b"x"),
    ],
)
def test_the_data_of_an_event(event: bytes, data: bytes) -> None:
    """Documented: WHATWG, server-sent events, 9.2.6."""
    assert event_data(event) == data


@pytest.mark.parametrize(
    ("event", "is_the_end"),
    [
        (b"data: [DONE]\n\n", True),
        (b"data:[DONE]\r\n\r\n", True),
        (b"data: [DONE] \n", True),
        (b'data: {"content":"[DONE]"}\n\n', False),
        (b": [DONE]\n\n", False),
    ],
)
def test_what_ends_a_stream(event: bytes, is_the_end: bool) -> None:
    assert is_done(event) is is_the_end


def test_an_event_without_end_is_not_waited_for() -> None:
    splitter = EventSplitter(max_bytes=100)
    splitter.feed(b"data: " + b"x" * 90)

    with pytest.raises(EventTooLong):
        splitter.feed(b"x" * 10)


def test_many_short_events_are_never_too_long() -> None:
    splitter = EventSplitter(max_bytes=100)

    assert len(splitter.feed(b"data: 1\n\n" * 1_000)) == 1_000


def test_an_event_is_written_with_its_name() -> None:
    assert data_event({"a": "ü\n"}, name="x") == 'event: x\ndata: {"a":"ü\\n"}\n\n'.encode()
