"""Fuzzy match: rapidfuzz's similarity of two texts as strings of characters."""

from functools import cache
from types import ModuleType
from typing import assert_never

from evald.graders.similarity.choices import FuzzyChoice, FuzzyFunction
from evald.graders.similarity.tokens import score_without_tokens

_NAMES: dict[FuzzyFunction, str] = {
    "wratio": "WRatio",
    "qratio": "QRatio",
    "ratio": "ratio",
    "partial_ratio": "partial_ratio",
    "token_ratio": "token_ratio",
    "token_sort_ratio": "token_sort_ratio",
    "token_set_ratio": "token_set_ratio",
    "partial_token_ratio": "partial_token_ratio",
    "partial_token_sort_ratio": "partial_token_sort_ratio",
    "partial_token_set_ratio": "partial_token_set_ratio",
}

QUICK_PAIRS = 10_000_000
QUICK_WINDOWS = 100_000_000


def fuzzy_match(given: str, wanted: str, *, choice: FuzzyChoice) -> float:
    """What the chosen function of `rapidfuzz.fuzz` says of the processed texts, 0.0 to 1.0.

    `default_process` puts both into lower case, makes a space of all that is neither letter nor
    digit, and strips them. `ratio` is the share of characters that need not be deleted or inserted:

        ratio = 2 * LCS / (characters of both together)

    `wratio` is the greatest of `ratio`, 0.95 times the best of the same texts with their words
    sorted or as sets, and, where one text is 1.5 times as long as the other, 0.9 times the best
    match within the longer (0.6 times from 8 times as long). By hand: "Paris" and "The capital is
    Paris" have a ratio of 2 * 5 / (5 + 20) = 0.4; the shorter stands in the longer, which is 4
    times as long, so wratio is 0.9 * 1 = 0.9.

    A text of which processing leaves nothing is like none but itself. Symmetric; 1.0 for a text
    against itself.

    Source: rapidfuzz 3's documentation of `rapidfuzz.fuzz`; the score is its 0 to 100 over 100.
    """
    one, other = (_processed(text, choice) for text in (given, wanted))
    if not one.strip() or not other.strip():
        return score_without_tokens(given, wanted)
    score: float = getattr(_rapidfuzz().fuzz, _NAMES[choice.function])(one, other)
    return score / 100


def is_quick(choice: FuzzyChoice, one: int, other: int) -> bool:
    """Whether texts of so many characters are compared in about a millisecond.

    Comparing texts as wholes looks at every pair of characters, 64 at a time; looking for the
    shorter, of m characters, in every window of the longer, of n, takes m * m * n / 64 steps:
    1 ms for 300 and 650 characters, 0.35 s for 2,000 and 5,700, 9 s for 6,500 and 19,000
    (2026-11). rapidfuzz lets no other thread run meanwhile.
    """
    few, many = min(one, other), max(one, other)
    looks_within = choice.function.startswith("partial_")
    if looks_within or (choice.function == "wratio" and 3 * few <= 2 * many + 3):
        return few * few * many <= QUICK_WINDOWS
    return few * many <= QUICK_PAIRS


def _processed(text: str, choice: FuzzyChoice) -> str:
    match choice.processor:
        case "default_process":
            processed: str = _rapidfuzz().utils.default_process(text)
            return processed
        case "none":
            return text
        case _:
            assert_never(choice.processor)


@cache
def _rapidfuzz() -> ModuleType:
    # 4 MB and 30 ms, which only the servers pay that compare texts so.
    import rapidfuzz  # noqa: PLC0415

    return rapidfuzz
