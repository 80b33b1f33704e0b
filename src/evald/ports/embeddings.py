"""Embeddings: texts as vectors, from a provider or from a model of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from evald.domain.tally import Usage
from evald.ports.model import ModelFailure


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector for each text asked for, in their order, and what they cost by model name.

    Vectors that were kept from before cost nothing.
    """

    vectors: Sequence[Sequence[float]]
    usage: dict[str, Usage]


class Embedder(Protocol):
    """Whoever turns texts into vectors."""

    @property
    def model(self) -> str:
        """The model whose vectors they are, as it is configured."""
        ...

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Embeddings | ModelFailure:
        """The vectors of these texts, or why there are none.

        Args:
            texts: none of them empty.
            deadline: a moment of the monotonic clock after which nobody wants the answer.
        """
        ...
