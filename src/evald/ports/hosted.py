"""Reading from a server that speaks the Evals API: one request, one answer or one refusal."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Trouble(StrEnum):
    """What went wrong, as far as it matters for what to do next."""

    UNREACHABLE = "unreachable"  # no connection was made
    BROKEN = "broken"  # the connection broke before the answer was whole
    TIMED_OUT = "timed_out"  # no whole answer came in time
    TOO_LARGE = "too_large"  # the answer has more bytes than can be taken
    REFUSED = "refused"  # the server answered with another status than success


@dataclass(frozen=True, slots=True)
class HostedRequest:
    """A GET: the path's segments below the base URL and the query, none of them escaped.

    `may_shrink` says that a smaller page can be asked for: then an answer that took too long or
    was too large is not asked for again as it is.
    """

    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    may_shrink: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A success, its body byte for byte; empty if the body went into a sink.

    `wait_s` is how many seconds the server wants to be left alone.
    """

    body: bytes
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no answer, in the server's words where it gave any; never holds the key."""

    trouble: Trouble
    message: str
    code: str = ""
    status: int | None = None
    wait_s: float | None = None


class Sink(Protocol):
    """Where a large body goes."""

    async def begin(self) -> None:
        """The body begins; whatever was written before is forgotten."""
        ...

    async def write(self, chunk: bytes) -> None:
        """Appends the chunk."""
        ...


class HostedApi(Protocol):
    """Whoever answers. Retrying and limiting ones wrap around another."""

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        """The server's answer, or why there is none; a success's body goes into the sink."""
        ...
