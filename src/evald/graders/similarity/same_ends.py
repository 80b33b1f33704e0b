"""What two texts have in common at both ends, which needs no counting."""

from collections.abc import Sequence
from typing import NamedTuple


class Unlike(NamedTuple):
    """The middles of two texts, and how many tokens each of both is without."""

    one: Sequence[str]
    other: Sequence[str]
    alike: int


def without_same_ends(one: Sequence[str], other: Sequence[str], *, keep: int) -> Unlike:
    """Both texts without the tokens that they begin and end with alike, but for `keep` a side.

    A run of up to `keep` + 1 tokens that begins among those cut off in front, or ends among those
    cut off behind, lies in what is alike. So both texts have it, equally often: counts of runs that
    both share, each at most as often as there, are those of the middles, and one more for every
    token that was cut off. The longest common subsequence is longer by as many.

    By hand: `a b c d e f` and `a b c x e f`, one kept: `c d e` and `c x e`, three cut off; of pairs
    both share a b, b c and e f, and their middles share none.
    """
    ahead = _same(one, other)
    behind = _same(one[ahead:][::-1], other[ahead:][::-1])
    first, last = max(0, ahead - keep), max(0, behind - keep)
    return Unlike(one[first : len(one) - last], other[first : len(other) - last], first + last)


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many tokens are the same before one differs."""
    if one == other:
        return len(one)
    count = 0
    for token, wanted in zip(one, other, strict=False):
        if token != wanted:
            break
        count += 1
    return count
