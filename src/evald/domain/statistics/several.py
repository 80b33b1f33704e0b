"""P-values of several comparisons at once, made larger so that luck finds nothing."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values after Holm, in the order given: for gates, where one false alarm is bad.

    With m values, lowest first, the i-th becomes the largest of (m - j + 1) p_(j) for j up to i,
    at most 1.0. Calling different what is then at most alpha calls anything at all wrongly with a
    probability of at most alpha, however the comparisons hang together. By hand: 0.01, 0.04, 0.03
    become 0.03, 0.06, 0.06.

    Raises:
        ValueError: one is not between 0 and 1.
    Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian
    Journal of Statistics 6, 1979.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(_ascending(p_values)):
        highest = max(highest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, highest)
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values after Benjamini and Hochberg, in the order given: for looking around.

    With m values, lowest first, the i-th becomes the smallest of m p_(j) / j for j from i on.
    Of what is then at most q, a share of at most q is called different wrongly, on average, where
    the comparisons are independent or hang together positively. By hand: 0.01, 0.04, 0.03 become
    0.03, 0.04, 0.04.

    Raises:
        ValueError: one is not between 0 and 1.
    Source: Y. Benjamini, Y. Hochberg, "Controlling the False Discovery Rate", Journal of the Royal
    Statistical Society B 57, 1995.
    """
    adjusted = [0.0] * len(p_values)
    count = len(p_values)
    lowest = 1.0
    for rank, place in reversed(list(enumerate(_ascending(p_values), start=1))):
        lowest = min(lowest, count * p_values[place] / rank)
        adjusted[place] = lowest
    return adjusted


def _ascending(p_values: Sequence[float]) -> list[int]:
    """The places of p-values, lowest first."""
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is no p-value: it must be between 0 and 1.")
    return sorted(range(len(p_values)), key=p_values.__getitem__)
