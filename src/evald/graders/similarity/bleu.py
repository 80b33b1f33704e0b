"""BLEU of one text against one reference, as nltk computes it."""

import math

from evald.graders.similarity.ngrams import shared_ngrams
from evald.graders.similarity.tokens import score_without_tokens, space_tokens

MAX_N = 4
EPSILON = 0.1
"""What a count of 0 shared n-grams is taken for (nltk's smoothing method1)."""


def bleu(given: str, wanted: str) -> float:
    """BLEU-4 with uniform weights and smoothing method1, 0.0 to 1.0, of tokens parted by spaces.

    With c and r the numbers of tokens of the given and the wanted text, and p_n the share of the
    given text's n-grams that the wanted one has too (each at most as often as there):

        BLEU = bp * exp((ln p_1 + ln p_2 + ln p_3 + ln p_4) / 4)
        bp   = 1 where c > r, else exp(1 - r / c)
        p_n  = shared_n / max(1, c - n + 1), with shared_n = 0.1 where it is 0

    0.0 where no token is shared. By hand: "The cat sat on the mat." against "the cat is on the
    mat" shares cat, on, the of 6 tokens and "on the" of 5 pairs, so (3/6 * 1/5 * 0.1/4 * 0.1/3)
    ** (1/4) = 0.0955.

    Case and punctuation count. A text of fewer than 4 tokens never reaches 1.0, not even against
    itself (one token: 0.1778), for it has no 4-grams. Not symmetric.

    Source: K. Papineni et al., "BLEU", ACL 2002; smoothing: B. Chen and C. Cherry, "A Systematic
    Comparison of Smoothing Techniques for Sentence-Level BLEU", WMT 2014, method 1, with nltk's
    epsilon. Which smoothing the hosted service uses is not documented.
    """
    tokens, reference = space_tokens(given), space_tokens(wanted)
    if not tokens or not reference:
        return score_without_tokens(given, wanted)
    hits = shared_ngrams(tokens, reference, most=MAX_N)
    if hits[0] == 0:
        return 0.0
    logs = [
        math.log((shared or EPSILON) / max(1, len(tokens) - n)) / MAX_N
        for n, shared in enumerate(hits)
    ]
    return _brevity_penalty(len(tokens), len(reference)) * math.exp(math.fsum(logs))


def _brevity_penalty(length: int, reference_length: int) -> float:
    return 1.0 if length > reference_length else math.exp(1 - reference_length / length)
