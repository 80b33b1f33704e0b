"""Where the span of a run lies. Rests on: W3C's Trace Context for what is read, ours for ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.run_span import run_span
from tests.support.examples import at_most

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("03", True)])
def test_it_lies_within_the_span_in_which_the_run_was_made(flags: str, is_sampled: bool) -> None:
    place = run_span("evalrun_1", chance=0, traceparent=f"00-{TRACE}-{PARENT}-{flags}")

    assert place.trace_id == int(TRACE, 16)
    assert place.parent_id == int(PARENT, 16)
    assert place.is_sampled is is_sampled


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "none",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
    ],
)
def test_where_no_span_is_named_the_run_has_a_trace_of_its_own(traceparent: str) -> None:
    place = run_span("evalrun_1", chance=0, traceparent=traceparent)

    assert place.parent_id is None
    assert place.is_sampled
    assert place.trace_id == run_span("evalrun_1", chance=4, traceparent="").trace_id
    assert place.trace_id != run_span("evalrun_2", chance=0, traceparent="").trace_id


@at_most(30)
@given(st.binary(), st.integers(0, 9), st.sampled_from(["", f"00-{TRACE}-{PARENT}-01"]))
def test_every_process_comes_to_the_same_ids_of_their_size(
    random: bytes, chance: int, traceparent: str
) -> None:
    run_id = f"evalrun_{random.hex()}"

    place = run_span(run_id, chance=chance, traceparent=traceparent)

    assert place == run_span(run_id, chance=chance, traceparent=traceparent)
    assert 0 < place.span_id < 2**64
    assert 0 < place.trace_id < 2**128


def test_each_chance_of_a_run_has_a_span_of_its_own() -> None:
    spans = {run_span("evalrun_1", chance=n, traceparent="").span_id for n in range(9)}

    assert len(spans) == 9
