"""What became of a call, read from what it reported and from how its process ended."""

import math
from dataclasses import dataclass

from evald.adapters.sandbox.inside import order
from evald.adapters.sandbox.inside import report as records
from evald.adapters.sandbox.inside.order import Bounds
from evald.ports.sandbox import CallFailed, CallScored, SandboxDown

_SIGNALS = {-9: "SIGKILL: the machine was out of memory", -11: "SIGSEGV", -6: "SIGABRT"}
_OF_ALL = (
    "All calls at work had written more than they may together, and this one the most: it was "
    "ended."
)
_SIGNALS |= {-24: "SIGXCPU: it took too much processor time", -31: "SIGSYS"}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process of a call ended.

    `status` is its exit code, or a signal's number below zero. `breach` is the bound over which it
    was killed; `seconds` is how long it took.
    """

    status: int
    breach: str | None
    seconds: float


def outcome(report: bytes, ended: Ended, bounds: Bounds) -> CallScored | CallFailed | SandboxDown:
    """The score, if the walls stood and the code came to a finite one.

    Only eight bytes are read as a float, and texts are shown: nothing of the report is obeyed.
    """
    found = records.read_report(report)
    if records.CONFINED not in found:
        reason = found.get(records.DOWN, b"")[: records.MAX_DETAILS].decode(errors="replace")
        return SandboxDown(reason or "The sandbox could not begin the call.")
    if ended.breach == order.SCRATCH_OF_ALL:
        return SandboxDown(_OF_ALL)
    stdout = found.get(records.STDOUT, b"")[: records.MAX_STDOUT].decode(errors="replace")
    score = found.get(records.SCORE, b"")
    if ended.breach is None and len(score) == records.FLOAT.size:
        number = records.FLOAT.unpack(score)[0]
        if math.isfinite(number):
            return CallScored(number, stdout, ended.seconds)
    missing = found.get(records.MISSING, b"").decode(errors="replace")
    return CallFailed(_details(found, ended, bounds), stdout, ended.seconds, missing or None)


def _details(found: dict[bytes, bytes], ended: Ended, bounds: Bounds) -> str:
    if ended.breach is not None:
        return _over(ended.breach, bounds)
    said = found.get(records.FAILED, b"")[-records.MAX_DETAILS :].decode(errors="replace")
    if said:
        return said
    if ended.status < 0:
        return f"The code was ended by signal {_SIGNALS.get(ended.status, -ended.status)}."
    return f"The code ended its process, with exit code {ended.status}, before it had a score."


def _over(breach: str, bounds: Bounds) -> str:
    match breach:
        case order.TIME:
            return f"The code took longer than {bounds.seconds:g} seconds and was ended."
        case order.SCRATCH:
            return f"The code wrote more than {bounds.scratch_bytes} bytes and was ended."
        case order.FILES:
            return f"The code made more than {bounds.files} files and was ended."
        case order.THREADS:
            return f"The code started more than {order.MAX_THREADS} threads and was ended."
        case _:
            return "The code was ended."
