"""Cosine: the angle between the embeddings of two texts."""

import math
from collections.abc import Sequence
from operator import mul


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of two vectors of one length, negative ones counting as 0.0; 0.0 to 1.0.

        cos = (one . other) / (|one| * |other|)

    By hand: (3, 4) and (4, 3) give (12 + 12) / (5 * 5) = 0.96. A vector of zeros has no direction
    and is at 0.0 with every other. Rounding is kept from leading above 1.0.

    Source: documented as "cosine similarity of text-embedding-3-large embeddings"; the clipping is
    ours, since scores are documented as 0 to 1.
    """
    lengths = math.sqrt(sum(map(mul, one, one))) * math.sqrt(sum(map(mul, other, other)))
    if lengths == 0:
        return 0.0
    along: float = sum(map(mul, one, other))
    return min(max(along / lengths, 0.0), 1.0)
