"""ROUGE-N and ROUGE-L of one text against one reference, as F1."""

from collections.abc import Sequence

from evald.graders.similarity.ngrams import shared_ngrams
from evald.graders.similarity.same_ends import without_same_ends
from evald.graders.similarity.tokens import score_without_tokens, word_tokens


def rouge_n(given: str, wanted: str, *, n: int) -> float:
    """F1 over the runs of `n` words that both texts have, without stemming.

    With P = shared / n-grams of the given text and R = shared / n-grams of the wanted one:

        F1 = 2 * P * R / (P + R) = 2 * shared / (n-grams of both together)

    By hand: "The cat sat on the mat." and "the cat is on the mat" share the, cat, on, the, mat of
    6 words each, so ROUGE-1 is 10 / 12 = 0.8333; of 5 pairs each "the cat", "on the", "the mat",
    so ROUGE-2 is 6 / 10 = 0.6.

    Neither case nor punctuation counts. Symmetric. A text of fewer than `n` words scores 0.0, even
    against itself.

    Source: C.-Y. Lin, "ROUGE", ACL 2004 workshop, 2; F1 and words as in rouge-score 0.1.2. Which of
    precision, recall and F1 the hosted service takes is not documented.
    """
    tokens, reference = word_tokens(given), word_tokens(wanted)
    if not tokens or not reference:
        return score_without_tokens(given, wanted)
    hits = shared_ngrams(tokens, reference, most=n)[-1]
    return 2 * hits / (len(tokens) + len(reference) - 2 * (n - 1)) if hits else 0.0


def rouge_l(given: str, wanted: str) -> float:
    """F1 over the longest common subsequence of words: in the same order, not side by side.

        F1 = 2 * LCS / (words of both together)

    By hand: "The cat sat on the mat." and "the cat is on the mat" have the, cat, on, the, mat in
    common, so 2 * 5 / 12 = 0.8333.

    Neither case nor punctuation counts. Symmetric; 1.0 for a text against itself.

    Source: C.-Y. Lin, "ROUGE", ACL 2004 workshop, 3.1 (one sentence, beta 1); words as above.
    """
    tokens, reference = word_tokens(given), word_tokens(wanted)
    if not tokens or not reference:
        return score_without_tokens(given, wanted)
    return 2 * longest_common(tokens, reference) / (len(tokens) + len(reference))


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence.

    Bit-parallel: bit i of `gaps` is 0 where the length grows at token i of `one`. A step a token of
    `other` costs len(one) / 64 machine words: 9 us for 50 tokens a side, 6 s for 170,000 (2026-11),
    from 17,000 on less than rapidfuzz's, and without holding up other threads.

    Source: H. Hyyrö, "Bit-Parallel LCS-length Computation Revisited", AWOCA 2004.
    """
    one, other, alike = without_same_ends(one, other, keep=0)
    places: dict[str, int] = {}
    for index, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << index
    every = gaps = (1 << len(one)) - 1
    for token in other:
        matches = places.get(token)
        if matches is not None:
            hits = gaps & matches
            gaps = (gaps + hits | gaps - hits) & every
    return alike + (every ^ gaps).bit_count()
