"""Where the span of a run lies: the same for all processes, and known before it has ended."""

import hashlib
import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class RunSpan:
    """The ids of a run's span, and of the span within which it lies, if there is one."""

    trace_id: int
    span_id: int
    parent_id: int | None
    is_sampled: bool


def run_span(run_id: str, *, chance: int, traceparent: str) -> RunSpan:
    """The span of a run that was made within the span `traceparent`, at this chance.

    Where that names none, the run has a trace of its own. Ids are made of the run's and of its
    chance, since several workers put spans into the run's before anybody can tell of its end.

    Source: W3C, "Trace Context", level 1, section 3.2: ids of zeros alone are none.
    """
    digest = hashlib.sha256(f"{run_id} {chance}".encode()).digest()
    span_id = int.from_bytes(digest[:8]) | 1
    named = _TRACEPARENT.fullmatch(traceparent)
    if named is None or not int(named[1], 16) or not int(named[2], 16):
        own = hashlib.sha256(run_id.encode()).digest()
        return RunSpan(int.from_bytes(own[:16]) | 1, span_id, None, is_sampled=True)
    flags = int(named[3], 16)
    return RunSpan(int(named[1], 16), span_id, int(named[2], 16), bool(flags & _SAMPLED))
