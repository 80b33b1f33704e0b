"""The child that does heavy work: reads a piece, does it, answers, until its input ends."""

import math
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LENGTH_BYTES = 8
"""How wide the length is that stands before every message."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What a piece of work came to: what it returned, or what it raised."""

    value: Any = None
    error: Exception | None = None


def serve() -> None:
    """Does pieces of work until there are no more."""
    while head := sys.stdin.buffer.read(LENGTH_BYTES):
        message = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        limit_s, work = pickle.loads(message)  # noqa: S301 - from our parent alone
        _set_alarm(limit_s)
        answer = pickle.dumps(_outcome(work))
        _set_alarm(0.0)
        sys.stdout.buffer.write(len(answer).to_bytes(LENGTH_BYTES, "big") + answer)
        sys.stdout.buffer.flush()


def _outcome(work: Callable[[], Any]) -> Returned:
    try:
        return Returned(value=work())
    except Exception as error:  # noqa: BLE001 - the outermost loop of this process; raised again
        # in the one that asked.
        return Returned(error=error)


def _set_alarm(limit_s: float) -> None:
    """Ends this process a second after the limit, should the parent not be there to do so.

    Python would not see the signal in the midst of a C function; the system's own way of it, to
    end the process, needs no Python.
    """
    if hasattr(signal, "alarm"):
        signal.alarm(math.ceil(limit_s) + 1 if limit_s > 0 else 0)
