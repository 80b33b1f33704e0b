"""The normal, t, beta and binomial distributions: their tails and quantiles, in plain floats."""

import math
from statistics import NormalDist

_STANDARD = NormalDist()
_TINY = 1e-300  # Lentz's method divides by what may be zero
_CLOSE = 1e-16
_MOST_FRACTIONS = 2_000  # it takes some 4 (a + b)^(1/3) of them
_MOST_STEPS = 200


def normal_cdf(z: float) -> float:
    """How probable a standard normal value of at most `z` is.

    Phi(z) = erfc(-z / sqrt(2)) / 2, which stays exact far out in the lower tail. By hand:
    Phi(0) = 0.5, and Phi(1.96) = 0.9750.
    """
    return math.erfc(-z / math.sqrt(2)) / 2


def normal_quantile(p: float) -> float:
    """The z with Phi(z) = p. By hand: 0.975 gives 1.959964.

    Raises:
        ValueError: p is not above 0 and below 1.
    Source: Python's `statistics.NormalDist`, which follows M. Wichura, algorithm AS 241, 1988.
    """
    _check_open(p)
    return _STANDARD.inv_cdf(p)


def tail_of(level: float) -> float:
    """What an interval of this level leaves out at each end: alpha/2 = (1 - level) / 2.

    By hand: 0.025 for 0.95.

    Raises:
        ValueError: the level is not above 0 and below 1.
    """
    return (1 - _check_open(level)) / 2


def critical_z(level: float) -> float:
    """How many standard errors lie on each side of a normal interval: z_(1 - alpha/2).

    By hand: a level of 0.95 gives 1.959964.

    Raises:
        ValueError: the level is not above 0 and below 1.
    """
    return -normal_quantile(tail_of(level))


def beta_cdf(x: float, a: float, b: float) -> float:
    """How probable a value of at most `x` is under Beta(a, b): I_x(a, b).

    I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) times a continued fraction, where B(a, b) is the beta
    function; the fraction settles fast for x < (a + 1) / (a + b + 2), and beyond that
    I_x(a, b) = 1 - I_(1 - x)(b, a). Relative errors stay below 1e-12 for a + b of a thousand
    and below 1e-7 for a million. By hand: I_0.5(2, 2) = 0.5, and I_x(1, 1) = x.

    Args:
        x: 0.0 to 1.0; what is outside counts as the end next to it.
        a: above 0.
        b: above 0.

    Raises:
        ValueError: a or b is not above 0.
    Source: DLMF 8.17.22; W. Press et al., "Numerical Recipes", 3rd ed., section 6.4 (its method
    of Lentz).
    """
    _check_shapes(a, b)
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    return _beta_share(x, 1 - x, a, b)


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p; 0.0 for p = 0 and 1.0 for p = 1.

    Newton's steps, each kept within the narrowest bracket known so far. An x below 1e-60 may come
    out as one of that size. By hand: Beta(1, 1) has
    x = p, and Beta(1, b) has x = 1 - (1 - p)^(1/b), so that p = 0.975 and b = 10 give 0.3085.

    Raises:
        ValueError: p is outside of 0 to 1, or a or b is not above 0.
    """
    _check_shapes(a, b)
    if not 0 <= p <= 1:
        raise ValueError(f"{p} is no probability: it must be between 0 and 1.")
    if p in {0, 1}:
        return float(p)
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(_MOST_STEPS):
        above = beta_cdf(x, a, b) - p
        low, high = (low, x) if above > 0 else (x, high)
        density = _beta_density(x, a, b)
        guess = x - above / density if density else low
        if not low < guess < high:
            guess = (low + high) / 2
        if abs(guess - x) <= _CLOSE * x:
            break
        x = guess
    return x


def t_tail(t: float, degrees_of_freedom: int) -> float:
    """How probable a value above `t` is under Student's t distribution.

    P(T > t) = I_x(v/2, 1/2) / 2 with x = v / (v + t^2) and v degrees of freedom, for t >= 0; below
    0 the rest of it. By hand: v = 1 is Cauchy's distribution, with P(T > 1) = 0.25.

    Raises:
        ValueError: there is less than one degree of freedom.
    """
    _check_freedom(degrees_of_freedom)
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    if t == 0:
        return 0.5
    whole = degrees_of_freedom + t * t
    x, rest = degrees_of_freedom / whole, t * t / whole
    beyond = _beta_share(x, rest, degrees_of_freedom / 2, 0.5) / 2
    return beyond if t > 0 else 1 - beyond


def t_quantile(p: float, degrees_of_freedom: int) -> float:
    """The t below which a value lies with probability p under Student's t distribution.

    From the beta quantile: with tail = min(p, 1 - p) and I_x(v/2, 1/2) = 2 tail,
    |t| = sqrt(v (1 - x) / x). By hand: v = 1 and p = 0.75 give 1; v = 4 and p = 0.975 give 2.7764.

    Raises:
        ValueError: p is not above 0 and below 1, or there is less than one degree of freedom.
    """
    _check_freedom(degrees_of_freedom)
    tail = min(_check_open(p), 1 - p)
    half = degrees_of_freedom / 2
    if tail < 0.25:
        x = beta_quantile(2 * tail, half, 0.5)
        rest = 1 - x
    else:  # near the middle 1 - x is small, and so is found itself
        rest = beta_quantile(1 - 2 * tail, 0.5, half)
        x = 1 - rest
    size = math.sqrt(degrees_of_freedom * rest / x)
    return size if p > 0.5 else -size


def critical_t(level: float, degrees_of_freedom: int) -> float:
    """How many standard errors lie on each side of a t interval: t_(1 - alpha/2, v).

    By hand: a level of 0.95 and 4 degrees of freedom give 2.7764.

    Raises:
        ValueError: as `t_quantile`.
    """
    return -t_quantile(tail_of(level), degrees_of_freedom)


def binomial_probability(k: int, n: int, p: float) -> float:
    """How probable exactly k of n are, each with probability p: C(n, k) p^k (1 - p)^(n - k).

    Worked out in logarithms, so that a million is no trouble. By hand: 1 of 8 at 0.5 is 8/256.
    """
    if not 0 <= k <= n:
        return 0.0
    if p in {0, 1}:
        return float(k == n * p)
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))


def binomial_cdf(k: int, n: int, p: float) -> float:
    """How probable at most k of n are, each with probability p: I_(1 - p)(n - k, k + 1).

    Below 0 nothing is, from n on everything. By hand: at most 1 of 8 at 0.5 is 9/256.

    Source: DLMF 8.17.5.
    """
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return beta_cdf(1 - p, n - k, k + 1)


def _check_open(p: float) -> float:
    if not 0 < p < 1:
        raise ValueError(f"{p} is no probability above 0 and below 1.")
    return p


def _check_shapes(a: float, b: float) -> None:
    if a <= 0 or b <= 0:
        raise ValueError(f"Beta({a}, {b}) is no distribution: both must be above 0.")


def _check_freedom(degrees_of_freedom: int) -> None:
    if degrees_of_freedom < 1:
        raise ValueError(f"{degrees_of_freedom} degrees of freedom are too few: there must be one.")


def _beta_share(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b); `rest` is 1 - x, handed over since it may be known better than by subtracting."""
    front = math.exp(_log_front(x, rest, a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(rest, b, a) / b


def _log_front(x: float, rest: float, a: float, b: float) -> float:
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return a * _log(x, rest) + b * _log(rest, x) - log_beta


def _log(x: float, rest: float) -> float:
    return math.log1p(-rest) if rest < 0.5 else math.log(x)


def _beta_density(x: float, a: float, b: float) -> float:
    return math.exp(_log_front(x, 1 - x, a, b)) / (x * (1 - x))


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction 1 / (1 + d_1 / (1 + d_2 / (1 + ...))), from its top downward."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_FRACTIONS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _off_zero(1 + term * d)
            c = _off_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) <= _CLOSE:
            break
    return value


def _off_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
