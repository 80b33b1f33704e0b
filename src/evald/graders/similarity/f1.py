"""F1 of one text against one reference by their words, as question answering measures it."""

import string
from collections import Counter

_ARTICLES = frozenset({"a", "an", "the"})
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def f1(given: str, wanted: str) -> float:
    """F1 over the words that both texts have, each as often as in the text that has fewer of it.

    With P = shared / words of the given text and R = shared / words of the wanted one:

        F1 = 2 * P * R / (P + R)

    Words are what whitespace parts, in lower case, without punctuation, articles left out. By hand:
    "The cat sat on the mat." and "a cat is on the mat" share cat, on and mat of 4 words each, so
    F1 is 0.75. Two texts without words are alike (1.0), one is like no other (0.0). Symmetric.

    Source: P. Rajpurkar et al., "SQuAD", EMNLP 2016, 6.1, and its evaluation script's
    normalisation; Azure's documentation of its F1 score evaluator.
    """
    tokens, reference = Counter(_words(given)), Counter(_words(wanted))
    if not tokens or not reference:
        return float(tokens == reference)
    shared = sum((tokens & reference).values())
    return 2 * shared / (sum(tokens.values()) + sum(reference.values()))


def _words(text: str) -> list[str]:
    plain = text.lower().translate(_PUNCTUATION)
    return [word for word in plain.split() if word not in _ARTICLES]
