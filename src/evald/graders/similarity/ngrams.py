"""N-grams: runs of tokens, and how many of them two texts share."""

from collections.abc import Sequence

from evald.graders.similarity.same_ends import without_same_ends


def shared_ngrams(one: Sequence[str], other: Sequence[str], *, most: int) -> list[int]:
    """How many runs of 1, 2, … `most` tokens both have, each counted as often as it occurs in both.

    By hand: `a b a b` and `b a b a` share a, b, a, b, so 4; of pairs `a b` once (twice and once)
    and `b a` once (once and twice), so 2.
    """
    one, other, alike = without_same_ends(one, other, keep=most - 1)
    # A run is a number in the base of the vocabulary's size: its tokens are the digits. Numbers are
    # made and counted five times as fast as tuples of texts.
    numbers: dict[str, int] = {}
    digits = [numbers.setdefault(token, len(numbers)) for token in one]
    others = [numbers.setdefault(token, len(numbers)) for token in other]
    base = len(numbers)
    runs, other_runs = digits, others
    found = [alike + _shared(runs, other_runs)]
    for n in range(1, most):
        runs = _longer(runs, digits[n:], base)
        other_runs = _longer(other_runs, others[n:], base)
        found.append(alike + _shared(runs, other_runs))
    return found


def _longer(runs: list[int], next_digits: list[int], base: int) -> list[int]:
    return [run * base + digit for run, digit in zip(runs, next_digits, strict=False)]


def _shared(one: list[int], other: list[int]) -> int:
    every, others = set(one), set(other)
    both = every & others
    if not both or len(every) == len(one) or len(others) == len(other):
        return len(both)  # none occurs twice on one of the sides
    left: dict[int, int] = {}
    for run in other:
        left[run] = left.get(run, 0) + 1
    hits = 0
    for run in one:
        if left.get(run):
            left[run] -= 1
            hits += 1
    return hits
