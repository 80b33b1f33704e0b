"""Tests of two runs on the same items: whether chance alone explains that one passed more."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from random import Random

from evald.domain.statistics.bootstrap import SEED
from evald.domain.statistics.distributions import binomial_cdf, binomial_probability
from evald.domain.statistics.scores import Scores

DRAWS = 10_000
"""How many times signs are drawn where there are too many items to try all."""

EXACT_UP_TO = 16
"""So many items that differ have all their 65,536 signs tried."""

_PER_BYTE = 8
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class PairedPasses:
    """Items in two runs, by who passed them; errored ones are the caller's to leave out or fail."""

    both: int
    won: int  # the candidate alone passed
    lost: int  # the baseline alone passed
    neither: int

    def __post_init__(self) -> None:
        """Refuses counts below 0."""
        if min(self.both, self.won, self.lost, self.neither) < 0:
            raise ValueError("No fewer than 0 items can have passed.")

    @property
    def n(self) -> int:
        """How many items there are in both runs."""
        return self.both + self.won + self.lost + self.neither

    @property
    def difference(self) -> float:
        """The candidate's pass rate less the baseline's: (won - lost) / n; 0.0 without items."""
        return (self.won - self.lost) / self.n if self.n else 0.0

    @property
    def discordance(self) -> float:
        """The share of items on which the runs differ: (won + lost) / n; 0.0 without items."""
        return (self.won + self.lost) / self.n if self.n else 0.0


def paired_passes(candidate: Sequence[bool], baseline: Sequence[bool]) -> PairedPasses:
    """How often each run passed; what stands at one place is of one item.

    Raises:
        ValueError: one run has more items than the other.
    """
    counts = Counter(zip(candidate, baseline, strict=True))
    return PairedPasses(
        both=counts[True, True],
        won=counts[True, False],
        lost=counts[False, True],
        neither=counts[False, False],
    )


def mcnemar_exact(pairs: PairedPasses) -> float:
    """The exact two-sided p-value of "both runs are equally good", from discordant items alone.

    p = min(1, 2 P(X <= min(b, c))), X binomial of b + c at 1/2, where the candidate alone passed b
    items and the baseline alone c. 1.0 without discordant items. It never says "different" more
    often than it may, and says it too seldom when discordant items are few: below 6 never at 0.05.
    By hand: b = 1, c = 7: 2 * (1 + 8) / 256 = 0.0703.

    Source: Q. McNemar, Psychometrika 12, 1947; M. Fagerland, S. Lydersen, P. Laake, "The McNemar
    test for binary matched-pairs data", BMC Medical Research Methodology 13, 2013.
    """
    fewer, discordant = min(pairs.won, pairs.lost), pairs.won + pairs.lost
    return min(1.0, 2 * binomial_cdf(fewer, discordant, 0.5))


def mcnemar_mid_p(pairs: PairedPasses) -> float:
    """The two-sided mid-p value: as `mcnemar_exact`, with the seen outcome counted half.

    p = 2 P(X <= m) - P(X = m), where m = min(b, c); 1.0 where b = c. Nearer to what it says than
    the exact one, and now and then a little above. By hand: b = 1, c = 7: (2 * 9 - 8) / 256 =
    0.0391.

    Source: Fagerland, Lydersen and Laake 2013.
    """
    if pairs.won == pairs.lost:
        return 1.0
    fewer, discordant = min(pairs.won, pairs.lost), pairs.won + pairs.lost
    return mcnemar_exact(pairs) - binomial_probability(fewer, discordant, 0.5)


def sign_flip_test(differences: Scores, *, seed: int = SEED, draws: int = DRAWS) -> float:
    """The two-sided p-value of "either run could have had either score", item by item.

    If so, each difference could as well have had the other sign. p = the share of all 2^n ways to
    set the signs whose sum is at least as far from 0 as the one seen. Up to 16 differences that are
    not 0 all ways are tried; beyond, p = (1 + ways that far) / (1 + draws) of ways drawn at random,
    which is never 0. Differences of 0 change nothing; with no others p = 1.0. Whole clusters are
    flipped by handing over the sums of their differences.

    What it costs: 0.1 s for 16 differences; for 10,000 that all differ in size 1 s, for 1,000,000
    of twenty sizes some seconds.

    By hand: 1, 2, 3 sum to 6; of 8 ways, two get there, so p = 0.25.

    Source: R. Fisher, "The Design of Experiments", 1935; B. Phipson, G. Smyth,
    "Permutation P-values Should Never Be Zero", 2010 (the 1 that is added).
    """
    sizes: Counter[float] = Counter()
    for value, count in zip(differences.values, differences.counts, strict=True):
        if value:
            sizes[abs(value)] += count
    # Equal sums of other terms come out a rounding error apart.
    slack = _ROUNDING * sum(size * count for size, count in sizes.items())
    seen = abs(differences.n * differences.mean) - slack if sizes else 0.0
    if sizes.total() <= EXACT_UP_TO:
        sums = signed_sums(list(sizes.elements()))
        return sum(abs(each) >= seen for each in sums) / len(sums)
    sums = _drawn_sums(sizes, Random(seed), draws)
    return (1 + sum(abs(each) >= seen for each in sums)) / (1 + draws)


def signed_sums(sizes: Sequence[float]) -> list[float]:
    """All 2^n sums that n numbers have with a plus or a minus before each. By hand: 1, 2: -3 to 3.

    Without numbers it is the one empty sum.
    """
    sums = [0.0]
    for size in sizes:
        sums = [each + size for each in sums] + [each - size for each in sums]
    return sums


def _drawn_sums(sizes: Counter[float], rng: Random, draws: int) -> list[float]:
    """Sums with signs drawn at random.

    How many of equal sizes get a plus is one count of random bits. Of unequal ones, eight at a time
    have all their sums in a table, in which one random byte looks up the sum.
    """
    sums = [0.0] * draws
    single: list[float] = []
    for size, count in sorted(sizes.items()):  # so that runs that change places have the same p
        if count < _PER_BYTE:
            single += [size] * count
            continue
        pluses = [rng.getrandbits(count).bit_count() for _ in range(draws)]
        sums = [each + size * (2 * plus - count) for each, plus in zip(sums, pluses, strict=True)]
    for first in range(0, len(single), _PER_BYTE):
        table = signed_sums(single[first : first + _PER_BYTE])
        table *= 256 // len(table)
        sums = list(map(add, sums, map(table.__getitem__, rng.randbytes(draws))))
    return sums
