"""GLEU, the BLEU of Google's translation system, of one text against one reference."""

from evald.graders.similarity.ngrams import shared_ngrams
from evald.graders.similarity.tokens import score_without_tokens, space_tokens

MAX_N = 4


def gleu(given: str, wanted: str) -> float:
    """The lesser of precision and recall over all n-grams of 1 to 4 tokens parted by spaces.

        GLEU = shared / max(n-grams of the given text, n-grams of the wanted text)

    By hand: "The cat sat on the mat." and "the cat is on the mat" have 6 + 5 + 4 + 3 = 18 n-grams
    each and share cat, on, the and "on the", so 4 / 18 = 0.2222.

    Case and punctuation count. Symmetric; 1.0 for a text against itself.

    Source: Y. Wu et al., "Google's Neural Machine Translation System", arXiv:1609.08144, 8.
    """
    tokens, reference = space_tokens(given), space_tokens(wanted)
    if not tokens or not reference:
        return score_without_tokens(given, wanted)
    hits = sum(shared_ngrams(tokens, reference, most=MAX_N))
    return hits / _ngrams_of(max(len(tokens), len(reference)))


def _ngrams_of(length: int) -> int:
    return sum(max(0, length - n + 1) for n in range(1, MAX_N + 1))
