"""Counters and histograms as plain numbers: to count on the way of every row must be cheap."""

from bisect import bisect_left
from dataclasses import dataclass

Labels = tuple[str, ...]

OTHER = "other"
MOST_NAMES = 200
MOST_CHARACTERS = 100
"""So many different first labels a series has, none longer; all further ones are `other`.

The first label may be a model's name, which is a caller's to choose, and every one of them costs
the memory of this process and of the one that collects.
"""

MOST_TOKENS = 2**53
"""Of one call."""

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG_BOUNDS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


@dataclass(frozen=True, slots=True)
class Times:
    """A histogram at one moment: how many fell below each bound and above the last, and their sum.

    Each is counted once.
    """

    counts: tuple[int, ...]
    sum_s: float


class CountedSeries:
    """A number for each combination of labels. Fulfils `evald.ports.metrics.Counter`."""

    __slots__ = ("_names", "_values", "labels", "means", "name")

    def __init__(self, name: str, means: str, labels: Labels) -> None:
        """Begins with nothing counted."""
        self.name = name
        self.means = means
        self.labels = labels
        self._values: dict[Labels, int] = {}
        self._names: set[str] = set()

    def count(self, *labels: str, by: int = 1) -> None:
        """The number of these labels has grown."""
        values = self._values
        if labels in values:
            values[labels] += by
            return
        known = _known(labels, self._names)
        values[known] = values.get(known, 0) + by

    def values(self) -> list[tuple[Labels, int]]:
        """Every number."""
        return list(self._values.items())


class TokenSeries:
    """The tokens of each model, by kind. Fulfils `evald.ports.metrics.TokenCounter`."""

    __slots__ = ("_names", "_values", "labels", "means", "name")

    def __init__(self, name: str, means: str) -> None:
        """Begins with nothing counted."""
        self.name = name
        self.means = means
        self.labels = ("model", "kind")
        self._values: dict[str, list[int]] = {}
        self._names: set[str] = set()

    def add(self, model: str, *, given: int, cached: int, made: int) -> None:
        """A call used them; `cached` are of those that were `given`."""
        tokens = self._values.get(model) or self._begun(model)
        if not (0 <= given < MOST_TOKENS and 0 <= cached < MOST_TOKENS and 0 <= made < MOST_TOKENS):
            return  # a provider's mistake: counts do not go back, and are no larger than a float
        tokens[0] += given
        tokens[1] += cached
        tokens[2] += made

    def values(self) -> list[tuple[Labels, int]]:
        """Every number."""
        return [
            ((model, kind), value)
            for model, tokens in list(self._values.items())
            for kind, value in zip(("input", "cached", "output"), tokens, strict=True)
        ]

    def _begun(self, model: str) -> list[int]:
        (known,) = _known((model,), self._names)
        return self._values.setdefault(known, [0, 0, 0])


class TimedSeries:
    """A histogram for each combination of labels. Fulfils `evald.ports.metrics.Timer`."""

    __slots__ = ("_names", "_values", "bounds_s", "labels", "means", "name")

    def __init__(
        self, name: str, means: str, labels: Labels, bounds_s: tuple[float, ...] = BOUNDS_S
    ) -> None:
        """Begins with nothing timed."""
        self.name = name
        self.means = means
        self.labels = labels
        self.bounds_s = bounds_s
        # Of each: how many fell below each bound, how many above the last, and the sum.
        self._values: dict[Labels, list[float]] = {}
        self._names: set[str] = set()

    def time(self, seconds: float, *labels: str) -> None:
        """What these labels name took so long."""
        times = self._values.get(labels) or self._begun(labels)
        times[bisect_left(self.bounds_s, seconds)] += 1
        times[-1] += seconds

    def values(self) -> list[tuple[Labels, Times]]:
        """Every histogram."""
        return [
            (labels, Times(tuple(map(int, times[:-1])), times[-1]))
            for labels, times in list(self._values.items())
        ]

    def _begun(self, labels: Labels) -> list[float]:
        known = _known(labels, self._names)
        return self._values.setdefault(known, [0] * (len(self.bounds_s) + 2))


Series = CountedSeries | TokenSeries | TimedSeries


def _known(labels: Labels, names: set[str]) -> Labels:
    """The labels, the first of which is `other` where it is too long, unprintable or one too many.

    What is no text, such as half of a character, is not printable either.
    """
    if not labels or labels[0] in names:
        return labels
    name = labels[0]
    if len(names) >= MOST_NAMES or len(name) > MOST_CHARACTERS or not name.isprintable():
        return (OTHER, *labels[1:])
    names.add(name)
    return labels
