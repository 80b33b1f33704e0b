"""N-grams: runs of tokens, counted, and how many of them two texts share."""

from collections import Counter
from collections.abc import Sequence

Ngrams = Counter[tuple[str, ...]]


def count_ngrams(tokens: Sequence[str], n: int) -> Ngrams:
    """How often each run of `n` tokens occurs; nothing where there are fewer tokens."""
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def shared(one: Ngrams, other: Ngrams) -> int:
    """How many runs both have, each counted as often as it occurs in both."""
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    return sum(min(count, many[ngram]) for ngram, count in few.items() if ngram in many)
