"""METEOR of one text against one reference, as nltk computes it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from evald.graders.similarity.porter import porter_stem
from evald.graders.similarity.tokens import score_without_tokens, word_tokens
from evald.ports.synonyms import Synonyms

ALPHA = 0.9
BETA = 3.0
GAMMA = 0.5

Numbered = list[tuple[int, str]]
"""Words that have no partner yet, each with its place in the text."""


def meteor(given: str, wanted: str, *, synonyms: Synonyms) -> float:
    """METEOR with alpha 0.9, beta 3 and gamma 0.5, 0.0 to 1.0, of words in lower case.

    Words are paired in three rounds: equal ones, then equal stems, then a synonym of the given
    stem that equals the wanted stem; within a round from the end of the given text, each with its
    last partner still free. With m pairs, P = m / words given, R = m / words wanted, and ch the
    number of chunks (runs of pairs that stand side by side in both texts):

        METEOR = (1 - 0.5 * (ch / m) ** 3) * P * R / (0.9 * P + 0.1 * R)

    0.0 without pairs. By hand: "the cat sat on the mat" against "on the mat sat the cat" pairs all
    6 words; from the end, the second `the` given is paired with the last one wanted, so the pairs
    are the-2, cat-6, sat-4, on-1, the-5, mat-3 and stand in 6 chunks: (1 - 0.5) * 1 = 0.5.

    A text against itself stays below 1.0, at 1 - 0.5 / m ** 3: one word 0.5, ten words 0.9995.
    Punctuation does not count. Not symmetric.

    Source: A. Lavie and A. Agarwal, "METEOR", WMT 2007; the pairing as in nltk 3.10's
    `meteor_score`, which looks up stems, not words, in WordNet. How the hosted service tokenizes is
    not documented.
    """
    hypothesis, reference = word_tokens(given), word_tokens(wanted)
    if not hypothesis or not reference:
        return score_without_tokens(given, wanted)
    pairs = _pairs(hypothesis, reference, synonyms)
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(hypothesis), len(pairs) / len(reference)
    mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
    return float((1 - GAMMA * (_chunks(pairs) / len(pairs)) ** BETA) * mean)


def _pairs(
    hypothesis: Sequence[str], reference: Sequence[str], synonyms: Synonyms
) -> dict[int, int]:
    """By the place of a word given, the place of the word wanted with which it is paired."""
    pairs: dict[int, int] = {}
    left, right = list(enumerate(hypothesis)), list(enumerate(reference))
    left, right = _pair(left, right, _itself, pairs=pairs)
    left, right = _stems(left), _stems(right)
    left, right = _pair(left, right, _itself, pairs=pairs)
    _pair(left, right, lambda stem: synonyms.of(stem) | {stem}, pairs=pairs)
    return pairs


def _itself(word: str) -> tuple[str]:
    return (word,)


def _stems(words: Numbered) -> Numbered:
    return [(place, porter_stem(word)) for place, word in words]


def _pair(
    left: Numbered,
    right: Numbered,
    partners: Callable[[str], Iterable[str]],
    *,
    pairs: dict[int, int],
) -> tuple[Numbered, Numbered]:
    """Writes down the pairs of one round; what is left over on either side comes back."""
    free: dict[str, list[int]] = defaultdict(list)
    for place, word in right:
        free[word].append(place)
    taken: set[int] = set()
    for place, word in reversed(left):
        fitting = [places for each in partners(word) if (places := free.get(each))]
        if fitting:
            partner = max(fitting, key=lambda places: places[-1]).pop()
            pairs[place] = partner
            taken.add(partner)
    unpaired = [each for each in left if each[0] not in pairs]
    return unpaired, [each for each in right if each[0] not in taken]


def _chunks(pairs: dict[int, int]) -> int:
    return sum(pairs.get(place - 1) != partner - 1 for place, partner in pairs.items())
