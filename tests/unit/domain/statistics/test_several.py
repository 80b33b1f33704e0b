"""Several p-values at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.several import benjamini_hochberg, holm

some_p_values = st.lists(st.floats(min_value=0, max_value=1), max_size=20)


def test_what_the_docstrings_work_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_one_p_value_stays_and_none_stay_none(adjust: object) -> None:
    assert callable(adjust)
    assert adjust([0.04]) == [0.04]
    assert adjust([]) == []


@given(some_p_values)
def test_adjusting_makes_p_values_larger_and_holm_the_most(p_values: list[float]) -> None:
    strict, mild = holm(p_values), benjamini_hochberg(p_values)

    for p, after_holm, after_hochberg in zip(p_values, strict, mild, strict=True):
        assert p <= after_hochberg + 1e-12
        assert after_hochberg <= after_holm + 1e-12
        assert after_holm <= 1


@given(some_p_values)
def test_the_order_is_kept_whatever_it_is(p_values: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        assert adjust(p_values)[::-1] == adjust(p_values[::-1])


@given(some_p_values)
def test_a_smaller_p_value_stays_no_larger(p_values: list[float]) -> None:
    ordered = sorted(p_values)

    for adjust in (holm, benjamini_hochberg):
        assert adjust(ordered) == sorted(adjust(ordered))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="no p-value"):
            adjust([0.5, p])
