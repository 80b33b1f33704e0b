"""Similarity's tools in tests: work done on the spot, and vectors from a list."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from evald.domain.tally import Usage
from evald.ports.embeddings import Embeddings
from evald.ports.model import FailureKind, ModelFailure

T = TypeVar("T")


class OnTheSpot:
    """Fulfils `evald.ports.apart.Apart` without a process: the work goes through pickle alone."""

    def __init__(self) -> None:
        self.done = 0

    async def run(self, work: Callable[[], T], *, deadline: float) -> T:
        self.done += 1
        copy: Callable[[], T] = pickle.loads(pickle.dumps(work))
        return copy()


class ListedVectors:
    """Fulfils `evald.ports.embeddings.Embedder` with the vectors that it was given, by text."""

    model = "listed"

    def __init__(self, vectors: Mapping[str, Sequence[float]]) -> None:
        self.vectors = vectors
        self.asked: list[list[str]] = []

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Embeddings | ModelFailure:
        self.asked.append(list(texts))
        if not all(text in self.vectors for text in texts):
            return ModelFailure(FailureKind.REFUSED, "no_vector", "There is no such vector.", 400)
        usage = {"listed-1": Usage(invocations=1, prompt_tokens=2, total_tokens=2)}
        return Embeddings([self.vectors[text] for text in texts], usage)
