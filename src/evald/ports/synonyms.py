"""Synonyms: which words say the same as another."""

from typing import Protocol


class Synonyms(Protocol):
    """A thesaurus. It goes along to other processes, so it has to be picklable."""

    def of(self, word: str) -> frozenset[str]:
        """The words that share a meaning with this one or with a base form of it.

        Args:
            word: in lower case, or a stem.
        """
        ...
