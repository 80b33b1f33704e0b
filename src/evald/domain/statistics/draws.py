"""Random counts, drawn exactly and a machine word at a time; the seed decides all of them."""

from collections.abc import Sequence
from itertools import accumulate
from random import Random


def draw_binomial(rng: Random, n: int, part: int, whole: int) -> int:
    """How many of n draws succeed, each with probability part / whole, exactly.

    Each draw is a random number written in binary, and succeeds if it is below part / whole. All n
    of them are compared bit by bit at once: about half are decided by each bit, so that some 2 n
    random bits are used, and the work is theirs divided by the width of a machine word.
    """
    successes = 0
    while n and part:
        part *= 2
        ones = rng.getrandbits(n).bit_count()
        if part >= whole:  # the bit of part / whole is 1: those with a 0 are below it
            part -= whole
            successes += n - ones
            n = ones
        else:  # it is 0: those with a 1 are above it
            n -= ones
    return successes


def draw_counts(rng: Random, counts: Sequence[int]) -> list[int]:
    """How often each kind is drawn in as many draws, with replacement, as there are things.

    `counts` says how many things there are of each kind. A multinomial draw, made by halving: how
    many draws fall to the first half of the kinds, how many of these to its first half, and so on.
    """
    sums = [0, *accumulate(counts)]
    drawn = [0] * len(counts)
    stretches = [(0, len(counts), sums[-1])]
    while stretches:
        first, end, draws = stretches.pop()
        if draws == 0 or end - first == 1:
            drawn[first:end] = [draws] * (end - first)
            continue
        middle = (first + end) // 2
        left, whole = sums[middle] - sums[first], sums[end] - sums[first]
        to_left = draw_binomial(rng, draws, left, whole)
        stretches += [(first, middle, to_left), (middle, end, draws - to_left)]
    return drawn
