"""Spans of the work done, for whoever follows it from a request to the calls that it led to."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from evald.ports.kept import StoredRun

Attributes = Mapping[str, str | int | float]
"""What a span says: ids, names, counts and codes. Never a prompt, an output or a key."""


class Span(Protocol):
    """One piece of work, from its beginning to its end."""

    def note(self, attributes: Attributes) -> None:
        """The span says this too."""
        ...

    def fail(self, error_type: str) -> None:
        """The work came to nothing, for a reason of this name."""
        ...

    def end(self) -> None:
        """The work is done; of a span that a block holds open, the end of the block says so."""
        ...


class RequestSpan(Span, Protocol):
    """The span of a request that came."""

    def answered(self, route: str, status: int | None) -> None:
        """By this route, a template, with this status; None: the client did not wait for it."""
        ...


class Traces(Protocol):
    """Whoever keeps spans. To be used in the event loop only."""

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        ...

    def request(
        self, method: str, *, traceparent: str | None
    ) -> AbstractContextManager[RequestSpan]:
        """A request's span, in the trace of its caller if that named one; open in the block."""
        ...

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """A span within the one that is open here; open in the block and all tasks begun in it."""
        ...

    def within_run(
        self, name: str, run: StoredRun, attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """A span within that of a run, whichever process is at it; open likewise."""
        ...

    def call(self, name: str, attributes: Attributes) -> Span:
        """A span of a call that goes out, within the one that is open here; until it is ended."""
        ...

    def note(self, attributes: Attributes) -> None:
        """The span that is open here says this too."""
        ...

    def run_ended(self, run: StoredRun) -> None:
        """The run's own span is kept, from its beginning to its end, which are known now."""
        ...

    def traceparent(self) -> str:
        """The span that is open here, as others may name it; empty where there is none.

        Source: W3C, "Trace Context", level 1, section 3.2.
        """
        ...


class _Nothing:
    """Is no span, and keeps none."""

    __slots__ = ()

    is_on = False

    def note(self, attributes: Attributes) -> None:
        """Nothing."""

    def fail(self, error_type: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""

    def answered(self, route: str, status: int | None) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def request(self, method: str, *, traceparent: str | None) -> Self:
        """No span."""
        return self

    def span(self, name: str, attributes: Attributes) -> Self:
        """No span."""
        return self

    def within_run(self, name: str, run: StoredRun, attributes: Attributes) -> Self:
        """No span."""
        return self

    def call(self, name: str, attributes: Attributes) -> Self:
        """No span."""
        return self

    def run_ended(self, run: StoredRun) -> None:
        """Nothing."""

    def traceparent(self) -> str:
        """Empty."""
        return ""


NO_TRACES: Traces = _Nothing()
