"""How well two raters agree, such as a grader and a human: Cohen's kappa and its intervals."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from operator import mul
from random import Random

from evald.domain.statistics.bootstrap import RESAMPLES, SEED, quantile
from evald.domain.statistics.distributions import critical_z, tail_of
from evald.domain.statistics.draws import draw_counts
from evald.domain.statistics.intervals import LEVEL, Interval

Matrix = tuple[tuple[float, ...], ...]
Counts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class RatingTable:
    """How often two raters gave each pair of labels, and how much each pair counts as agreement.

    Rows are the first rater's labels, columns the second's, in one order. A weight of 1 is full
    agreement, 0 none.
    """

    counts: Counts
    weights: Matrix


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two raters on n items.

    `observed` is the share they agree on, `expected` what they would by chance: without it nobody
    can tell a high kappa from a rare label. `kappa` is None where chance alone agrees fully.
    """

    n: int
    observed: float
    expected: float
    kappa: float | None
    standard_error: float | None


def nominal_table(first: Sequence[str], second: Sequence[str]) -> RatingTable:
    """The table of labels without order: pairs agree or do not.

    Raises:
        ValueError: one rater has more labels than the other.
    """
    labels = sorted({*first, *second})
    weights = tuple([tuple([float(one == other) for other in labels]) for one in labels])
    return RatingTable(_counted(labels, first, second), weights)


def ordinal_table(first: Sequence[float], second: Sequence[float]) -> RatingTable:
    """The table of grades in numbers, with quadratic weights: 1 - (x_i - x_j)^2 / (max - min)^2.

    So 4 for 5 is a small disagreement and 1 for 5 a large one. Numbers nobody gave play no part,
    and their distances count, not their ranks.

    Raises:
        ValueError: one rater has more grades than the other.
    Source: J. Cohen, "Weighted kappa", Psychological Bulletin 70, 1968.
    """
    grades = sorted({*first, *second})
    widest = (grades[-1] - grades[0]) ** 2 if len(grades) > 1 else 1.0
    weights = tuple(
        [tuple([1 - (one - other) ** 2 / widest for other in grades]) for one in grades]
    )
    return RatingTable(_counted(grades, first, second), weights)


def cohen_kappa(table: RatingTable) -> Agreement:
    """Cohen's kappa, (p_o - p_e) / (1 - p_e), weighted as the table says, with its standard error.

    p_o = sum of w_ij p_ij and p_e = sum of w_ij p_i. p_.j, where p_ij is the share of the pair of
    labels i and j, p_i. and p_.j the raters' own shares, and w_ij the weights. 1 is full agreement,
    0 no more than chance, below 0 less. SE = sqrt(V / n) / (1 - p_e) with
    V = sum of p_ij (w_ij - (a_i + b_j) (1 - k))^2 - (k - p_e (1 - k))^2, k = kappa,
    a_i = sum over j of w_ij p_.j and b_j = sum over i of w_ij p_i. By hand: 20 both yes, 5 and 10
    apart, 15 both no: p_o = 0.7, p_e = 0.5 * 0.6 + 0.5 * 0.4 = 0.5, kappa 0.4, SE 0.1270.

    Raises:
        ValueError: there are no items.
    Source: J. Cohen, "A Coefficient of Agreement for Nominal Scales", 1960; J. Fleiss, J. Cohen,
    B. Everitt, "Large sample standard errors of kappa and weighted kappa", Psychological Bulletin
    72, 1969, the variance that does not assume kappa = 0.
    """
    n = sum(map(sum, table.counts))
    if n == 0:
        raise ValueError("Without items rated by both there is no agreement to speak of.")
    observed, expected = _agreed(table)
    kappa = _kappa(observed, expected)
    if kappa is None:
        return Agreement(n, observed, expected, None, None)
    spread = _spread(table, 1 - kappa) - (kappa - expected * (1 - kappa)) ** 2
    error = math.sqrt(max(0.0, spread) / n) / (1 - expected)
    return Agreement(n, observed, expected, kappa, error)


def kappa_interval(agreement: Agreement, *, level: float = LEVEL) -> Interval | None:
    """The interval kappa +- z SE, within -1.0 to 1.0; for 50 items or more.

    None without a kappa, and where its standard error is 0 (full agreement): a width of 0 would
    claim that they never disagree. By hand: 0.4 +- 1.96 * 0.1270 is 0.1511 to 0.6489.

    Raises:
        ValueError: the level is not above 0 and below 1.
    Source: Fleiss, Cohen and Everitt 1969.
    """
    if agreement.kappa is None or not agreement.standard_error:
        return None
    reach = critical_z(level) * agreement.standard_error
    return Interval(max(-1.0, agreement.kappa - reach), min(1.0, agreement.kappa + reach), level)


def bootstrap_kappa_interval(
    table: RatingTable, *, level: float = LEVEL, seed: int = SEED, resamples: int = RESAMPLES
) -> Interval | None:
    """From the alpha/2 to the 1 - alpha/2 quantile of the kappas of resampled items.

    Resamples that have no kappa, since one label alone was drawn, are left out. None where the
    table has none, or where all items agree. By hand: as `percentile_interval`.

    Raises:
        ValueError: there are no items, or the level is not above 0 and below 1.
    Source: Efron and Tibshirani 1993, section 13.3.
    """
    tail = tail_of(level)
    if not cohen_kappa(table).standard_error:
        return None
    rng, width = Random(seed), len(table.counts)
    cells = [count for row in table.counts for count in row]
    kappas: list[float] = []
    for _ in range(resamples):
        drawn = draw_counts(rng, cells)
        rows = tuple([tuple(drawn[at : at + width]) for at in range(0, len(drawn), width)])
        kappa = _kappa(*_agreed(RatingTable(rows, table.weights)))
        if kappa is not None:
            kappas.append(kappa)
    if not kappas:
        return None
    kappas.sort()
    return Interval(quantile(kappas, tail), quantile(kappas, 1 - tail), level)


def _counted(
    labels: Sequence[Hashable], first: Sequence[Hashable], second: Sequence[Hashable]
) -> Counts:
    counts = Counter(zip(first, second, strict=True))
    return tuple([tuple([counts[one, other] for other in labels]) for one in labels])


def _agreed(table: RatingTable) -> tuple[float, float]:
    """The observed and the expected agreement, p_o and p_e of `cohen_kappa`."""
    rows, columns = _margins(table.counts)
    chance = tuple([tuple([row * column for column in columns]) for row in rows])
    observed = _weighted(table.counts, table.weights) / sum(map(sum, table.counts))
    return observed, _weighted(chance, table.weights)


def _kappa(observed: float, expected: float) -> float | None:
    if math.isclose(expected, 1):
        return None
    return (observed - expected) / (1 - expected)


def _weighted(shares: Matrix, weights: Matrix) -> float:
    return math.fsum(
        share * weight
        for row, row_weights in zip(shares, weights, strict=True)
        for share, weight in zip(row, row_weights, strict=True)
    )


def _spread(table: RatingTable, disagreed: float) -> float:
    """The sum of p_ij (w_ij - (a_i + b_j) (1 - k))^2 of `cohen_kappa`; `disagreed` is 1 - k."""
    rows, columns = _margins(table.counts)
    by_row = [sum(map(mul, weights, columns)) for weights in table.weights]
    by_column = [sum(map(mul, weights, rows)) for weights in zip(*table.weights, strict=True)]
    squares = tuple(
        [
            tuple([(w - (a + b) * disagreed) ** 2 for w, b in zip(weights, by_column, strict=True)])
            for weights, a in zip(table.weights, by_row, strict=True)
        ]
    )
    return _weighted(table.counts, squares) / sum(map(sum, table.counts))


def _margins(counts: Counts) -> tuple[list[float], list[float]]:
    """The shares p_i. of the first rater's labels, and p_.j of the second's."""
    n = sum(map(sum, counts))
    columns = [sum(column) / n for column in zip(*counts, strict=True)]
    return [sum(row) / n for row in counts], columns
