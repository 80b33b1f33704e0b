"""What is made of a call's report: whoever wrote it is not believed."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.sandbox.inside import report as records
from evald.adapters.sandbox.inside.order import FILES, SCRATCH, THREADS, TIME, Bounds
from evald.adapters.sandbox.outcomes import Ended, outcome
from evald.ports.sandbox import CallFailed, CallScored, SandboxDown

BOUNDS = Bounds(1_000, 2_000, 3.0, files=4)
DONE = Ended(0, None, 0.5)
CONFINED = (records.CONFINED, b"")


def written(*pieces: tuple[bytes, bytes]) -> bytes:
    body = b"".join(records.HEAD.pack(kind, len(body)) + body for kind, body in pieces)
    return body.ljust(records.SIZE, b"\0")


def a_score(number: float) -> tuple[bytes, bytes]:
    return records.SCORE, struct.pack("<d", number)


def test_a_score_is_a_score() -> None:
    said = written(CONFINED, (records.STDOUT, b"hi"), (records.STDOUT, b" you"), a_score(0.75))

    assert outcome(said, DONE, BOUNDS) == CallScored(0.75, "hi you", 0.5)


def test_without_the_mark_that_the_walls_stood_nothing_counts() -> None:
    assert isinstance(outcome(written(a_score(1.0)), DONE, BOUNDS), SandboxDown)
    assert outcome(written((records.DOWN, b"No wall.")), DONE, BOUNDS) == SandboxDown("No wall.")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_no_score(number: float) -> None:
    assert isinstance(outcome(written(CONFINED, a_score(number)), DONE, BOUNDS), CallFailed)


@pytest.mark.parametrize("body", [b"", b"1", b"123456789"])
def test_eight_bytes_are_a_score_and_no_others(body: bytes) -> None:
    said = written(CONFINED, (records.SCORE, body))

    assert isinstance(outcome(said, DONE, BOUNDS), CallFailed)


def test_a_failure_says_what_the_code_said_and_what_it_misses() -> None:
    said = written(CONFINED, (records.MISSING, b"numpy"), (records.FAILED, b"No numpy"))

    assert outcome(said, DONE, BOUNDS) == CallFailed("No numpy", "", 0.5, "numpy")


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Ended(0, TIME, 1.0), "longer than 3 seconds"),
        (Ended(-9, SCRATCH, 1.0), "more than 2000 bytes"),
        (Ended(-9, FILES, 1.0), "more than 4 files"),
        (Ended(-9, THREADS, 1.0), "more than 256 threads"),
        (Ended(-9, None, 1.0), "SIGKILL"),
        (Ended(-7, None, 1.0), "signal 7"),
        (Ended(3, None, 1.0), "exit code 3"),
    ],
)
def test_how_the_process_ended_is_told(ended: Ended, words: str) -> None:
    found = outcome(written(CONFINED), ended, BOUNDS)

    assert isinstance(found, CallFailed)
    assert words in found.details


def test_a_score_of_a_call_that_was_killed_over_a_bound_does_not_count() -> None:
    said = written(CONFINED, a_score(1.0))

    assert isinstance(outcome(said, Ended(-9, SCRATCH, 1.0), BOUNDS), CallFailed)


@given(st.binary(max_size=300), st.booleans())
def test_whatever_is_written_is_read_to_its_end(noise: bytes, confined: bool) -> None:
    said = (written(CONFINED).rstrip(b"\0") + b"\0" * 4 if confined else b"") + noise

    found = outcome(said, DONE, BOUNDS)

    assert isinstance(found, CallScored | CallFailed | SandboxDown)
    if isinstance(found, CallFailed):
        assert len(found.details) <= records.MAX_DETAILS
