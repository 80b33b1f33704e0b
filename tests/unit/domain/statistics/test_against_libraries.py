"""Whether ours comes to what scipy and statsmodels come to; neither is there at run time.

They are imported by the first test that asks for them: loading both takes seconds, so that these
tests count as slow, and the fast ones need neither.
"""

import importlib
import math
from random import Random
from types import ModuleType

import pytest

from evald.domain.statistics.agreement import cohen_kappa, nominal_table, ordinal_table
from evald.domain.statistics.bootstrap import bca_interval, percentile_interval
from evald.domain.statistics.clusters import clustered_mean, clusters_of
from evald.domain.statistics.comparisons import compare_scores
from evald.domain.statistics.differences import Passes, newcombe_interval
from evald.domain.statistics.distributions import (
    beta_cdf,
    beta_quantile,
    binomial_cdf,
    binomial_probability,
    normal_cdf,
    normal_quantile,
    t_quantile,
    t_tail,
)
from evald.domain.statistics.estimates import mean_estimate, t_interval, t_test
from evald.domain.statistics.intervals import Interval, clopper_pearson_interval, wilson_interval
from evald.domain.statistics.paired import (
    PairedPasses,
    mcnemar_exact,
    mcnemar_mid_p,
    sign_flip_test,
)
from evald.domain.statistics.power import (
    Aim,
    items_needed,
    items_needed_paired,
    smallest_difference,
)
from evald.domain.statistics.scores import scores_of
from evald.domain.statistics.several import benjamini_hochberg, holm

pytestmark = pytest.mark.slow

SIZES = [1, 2, 5, 30, 1_000, 200_000]
COUNTS = [(0, 1), (1, 1), (0, 12), (12, 12), (7, 12), (199, 200), (450, 1_000), (3, 100_000)]
LEVELS = [0.8, 0.95, 0.999]


@pytest.fixture(scope="module")
def stats() -> ModuleType:
    return importlib.import_module("scipy.stats")


def statsmodels(name: str) -> ModuleType:
    return importlib.import_module(f"statsmodels.stats.{name}")


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


def test_normal(stats: ModuleType) -> None:
    for z in (-12.0, -3.0, -0.5, 0.0, 0.1, 2.0, 6.0):
        assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-12)
    for p in (1e-12, 0.001, 0.025, 0.5, 0.8, 0.975):
        assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), rel=1e-12, abs=1e-12)


def test_beta(stats: ModuleType) -> None:
    rng = Random(1)
    for _ in range(100):
        a, b, p = 10 ** rng.uniform(-0.5, 5), 10 ** rng.uniform(-0.5, 5), rng.random()
        x = stats.beta.ppf(p, a, b)

        assert beta_quantile(p, a, b) == pytest.approx(x, rel=1e-6, abs=1e-12)
        if 1e-12 < x < 1 - 1e-6:  # else p depends on the last digits of x
            assert beta_cdf(x, a, b) == pytest.approx(p, rel=1e-7)


@pytest.mark.parametrize("freedom", SIZES)
def test_t(stats: ModuleType, freedom: int) -> None:
    for t in (-30.0, -2.0, -0.001, 0.0, 0.5, 1.96, 4.0, 60.0):
        assert t_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-7, abs=1e-300)
    for p in (0.0001, 0.025, 0.3, 0.4999, 0.5, 0.9, 0.975, 0.9995):
        assert t_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("n", SIZES)
def test_binomial(stats: ModuleType, n: int) -> None:
    for p in (0.001, 0.3, 0.5, 0.97):
        middle, reach = n * p, 2 * math.sqrt(n * p * (1 - p))
        for k in {0, int(max(0, middle - reach)), int(middle), int(min(n, middle + reach)), n}:
            cdf, probability = stats.binom.cdf(k, n, p), stats.binom.pmf(k, n, p)

            assert binomial_cdf(k, n, p) == pytest.approx(cdf, rel=1e-7, abs=1e-300)
            assert binomial_probability(k, n, p) == pytest.approx(probability, rel=1e-7, abs=1e-300)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("passed", "n"), COUNTS)
def test_intervals_of_rates(stats: ModuleType, passed: int, n: int, level: float) -> None:
    tested = stats.binomtest(passed, n)
    wilson = tested.proportion_ci(level, method="wilson")
    exact = tested.proportion_ci(level, method="exact")

    assert ends(wilson_interval(passed, n, level=level)) == pytest.approx(wilson, abs=1e-9)
    assert ends(clopper_pearson_interval(passed, n, level=level)) == pytest.approx(exact, abs=1e-9)


def test_intervals_of_rates_once_more() -> None:
    confint = statsmodels("proportion").proportion_confint
    for passed, n in COUNTS:
        wilson, exact = (confint(passed, n, method=method) for method in ("wilson", "beta"))

        assert ends(wilson_interval(passed, n)) == pytest.approx(wilson, abs=1e-9)
        assert ends(clopper_pearson_interval(passed, n)) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_t_intervals_and_tests(stats: ModuleType, level: float) -> None:
    rng = Random(2)
    for n in (2, 5, 80):
        values = [rng.gauss(0.1, 1) for _ in range(n)]
        estimate = mean_estimate(scores_of(values))
        tested = stats.ttest_1samp(values, 0.0)

        interval = tested.confidence_interval(level)
        assert estimate.standard_error == pytest.approx(stats.sem(values))
        assert ends(t_interval(estimate, level=level)) == pytest.approx(interval)
        assert t_test(estimate) == pytest.approx(tested.pvalue)


def test_bootstrap_intervals(stats: ModuleType) -> None:
    """With other random numbers: so as near as ends of 2,000 resamples come to one another."""
    numpy = importlib.import_module("numpy")
    rng = Random(4)
    values = [rng.random() ** 4 for _ in range(60)]
    ours = {"percentile": percentile_interval, "BCa": bca_interval}
    for method, interval in ours.items():
        theirs = stats.bootstrap(
            (values,), numpy.mean, n_resamples=9_999, method=method, rng=numpy.random.default_rng(1)
        ).confidence_interval

        slack = 0.1 * stats.sem(values)
        assert ends(interval(scores_of(values))) == pytest.approx(theirs, abs=slack)


def test_clustered_standard_errors() -> None:
    numpy = importlib.import_module("numpy")
    least_squares = importlib.import_module("statsmodels.regression.linear_model").OLS
    rng = Random(5)
    groups = [rng.randrange(7) for _ in range(50)]
    values = [rng.random() + group / 5 for group in groups]
    fitted = least_squares(values, numpy.ones(50)).fit(
        cov_type="cluster", cov_kwds={"groups": numpy.array(groups)}, use_t=True
    )

    ours = clustered_mean(clusters_of(values, [str(group) for group in groups]))

    assert ours.value == pytest.approx(fitted.params[0])
    assert ours.standard_error == pytest.approx(fitted.bse[0])
    assert ends(t_interval(ours)) == pytest.approx(tuple(fitted.conf_int()[0]))


def test_paired_differences_in_clusters(stats: ModuleType) -> None:
    numpy = importlib.import_module("numpy")
    least_squares = importlib.import_module("statsmodels.regression.linear_model").OLS
    rng = Random(11)
    labels = [rng.randrange(9) for _ in range(60)]
    baseline = [float(rng.random() < 0.3 + label / 20) for label in labels]
    candidate = [float(rng.random() < 0.5 + label / 20) for label in labels]
    apart = numpy.array(candidate) - numpy.array(baseline)
    fitted = least_squares(apart, numpy.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": numpy.array(labels)}, use_t=True
    )

    ours = compare_scores(candidate, baseline, labels=[str(label) for label in labels])

    assert ours.interval is not None
    assert ours.difference == pytest.approx(fitted.params[0])
    assert ours.standard_error == pytest.approx(fitted.bse[0])
    assert ends(ours.interval) == pytest.approx(tuple(fitted.conf_int()[0]))
    sums = [numpy.sum(apart[numpy.array(labels) == label]) for label in range(9)]
    flipped = stats.permutation_test(
        (sums,),
        lambda x, axis: numpy.sum(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
    )
    assert ours.p_value == pytest.approx(flipped.pvalue)


def test_mcnemar(stats: ModuleType) -> None:
    mcnemar = statsmodels("contingency_tables").mcnemar
    for won, lost in [(0, 0), (1, 0), (5, 5), (12, 2), (3, 40), (600, 500)]:
        exact = mcnemar([[9, won], [lost, 4]], exact=True).pvalue if won + lost else 1.0
        seen = stats.binom.pmf(min(won, lost), won + lost, 0.5)

        assert mcnemar_exact(PairedPasses(9, won, lost, 4)) == pytest.approx(exact)
        if won != lost:
            assert mcnemar_mid_p(PairedPasses(9, won, lost, 4)) == pytest.approx(exact - seen)


def test_flipped_signs(stats: ModuleType) -> None:
    numpy = importlib.import_module("numpy")
    rng = Random(6)
    for n in (6, 12, 40):
        values = [rng.gauss(0.25, 1) for _ in range(n)]
        theirs = stats.permutation_test(
            (values,),
            lambda x, axis: numpy.sum(x, axis=axis),
            permutation_type="samples",
            vectorized=True,
            rng=numpy.random.default_rng(1),
        ).pvalue

        assert sign_flip_test(scores_of(values)) == pytest.approx(theirs, abs=0 if n < 17 else 0.02)


def test_newcombe() -> None:
    confint = statsmodels("proportion").confint_proportions_2indep
    for passed, n, other, m in [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 0, 20), (10, 10, 0, 10)]:
        theirs = confint(passed, n, other, m, method="newcomb", compare="diff")

        ours = newcombe_interval(Passes(passed, n), Passes(other, m))
        assert ends(ours) == pytest.approx(theirs, abs=1e-9)


def test_several_p_values() -> None:
    adjusted = statsmodels("multitest").multipletests
    rng = Random(7)
    for n in (1, 2, 30):
        values = [rng.random() ** 3 for _ in range(n)]

        assert holm(values) == pytest.approx(adjusted(values, method="holm")[1])
        assert benjamini_hochberg(values) == pytest.approx(adjusted(values, method="fdr_bh")[1])


def test_power() -> None:
    nobs = statsmodels("power").normal_sample_size_one_tail
    for effect, variance, aim in [(0.03, 0.11, Aim()), (0.2, 0.5, Aim(alpha=0.01, power=0.9))]:
        wanted = nobs(effect, aim.power, aim.alpha / 2, std_null=math.sqrt(variance))
        paired = nobs(
            effect,
            aim.power,
            aim.alpha / 2,
            std_null=math.sqrt(variance),
            std_alternative=math.sqrt(variance - effect**2),
        )

        assert items_needed(effect, variance, aim=aim) == math.ceil(wanted)
        assert items_needed_paired(effect, variance, aim=aim) == math.ceil(paired)
        assert smallest_difference(1_000, variance, aim=aim) == pytest.approx(
            effect * math.sqrt(wanted / 1_000)
        )


def test_kappa() -> None:
    kappa = statsmodels("inter_rater").cohens_kappa
    rng = Random(8)
    first = [rng.randrange(4) for _ in range(80)]
    second = [rating if rng.random() < 0.6 else rng.randrange(4) for rating in first]
    nominal = nominal_table([str(each) for each in first], [str(each) for each in second])
    for table, weights in ((nominal, None), (ordinal_table(first, second), "quadratic")):
        theirs = kappa(table.counts, wt=weights)

        ours = cohen_kappa(table)
        assert ours.kappa == pytest.approx(theirs.kappa)
        assert ours.standard_error == pytest.approx(theirs.std_kappa)
