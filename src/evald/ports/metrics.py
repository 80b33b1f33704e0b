"""What is counted and timed of the work done, for whoever watches over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Counter(Protocol):
    """A number for each combination of labels, which only grows."""

    def count(self, *labels: str, by: int = 1) -> None:
        """It has grown."""
        ...


class Timer(Protocol):
    """How often something happened and how long it took, for each combination of labels."""

    def time(self, seconds: float, *labels: str) -> None:
        """It happened once more."""
        ...


class TokenCounter(Protocol):
    """The tokens of each model, as it was asked for."""

    def add(self, model: str, *, given: int, cached: int, made: int) -> None:
        """A call used them; `cached` are of those that were `given`."""
        ...


class _Nobody:
    """Counts and times nothing."""

    __slots__ = ()

    def count(self, *labels: str, by: int = 1) -> None:
        """Nothing."""

    def time(self, seconds: float, *labels: str) -> None:
        """Nothing."""

    def add(self, model: str, *, given: int, cached: int, made: int) -> None:
        """Nothing."""


_NOBODY = _Nobody()


@dataclass(frozen=True, slots=True)
class Metrics:
    """Everything that is counted, each with its labels in order; by itself nothing is.

    Counts are of this process since its start. To be used in the event loop only.
    """

    rows: Timer = _NOBODY
    """Outcome: `pass`, `fail` or `error`."""

    model_calls: Timer = _NOBODY
    """Provider, outcome: each attempt."""

    model_retries: Counter = _NOBODY
    """Provider."""

    tokens: TokenCounter = _NOBODY

    gateway_calls: Timer = _NOBODY
    """Provider, outcome; the seconds are those in which the provider was waited for."""

    gateway_added: Timer = _NOBODY
    """Provider; the seconds of the call in which it was not."""

    logs_stored: Counter = _NOBODY
    """Kind: `chat_completion` or `response`."""

    deliveries: Counter = _NOBODY
    """Outcome of an attempt: `delivered`, `to_retry` or `failed`."""

    runs_ended: Counter = _NOBODY
    """Status; counted by the process that ended the run."""

    http: Timer = _NOBODY
    """Method, route as a template, class of the status."""


NO_METRICS = Metrics()


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that goes up and down, asked for whenever it is looked at."""

    name: str
    means: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class Exposition(Protocol):
    """Whoever tells what was counted."""

    async def text(self, gauges: Sequence[Gauge]) -> bytes:
        """All that was counted, and these gauges, in the text format of Prometheus."""
        ...
