"""Tallies: sums that do not depend on how items were batched."""

from hypothesis import given
from hypothesis import strategies as st

from evald.domain.tally import CriterionCount, Tally, Usage

COUNTS = st.builds(CriterionCount, *[st.integers(0, 9)] * 3)
USAGES = st.builds(Usage, *[st.integers(0, 9)] * 5)
NAMES = st.sampled_from("abc")
TALLIES = st.builds(
    Tally,
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 9),
    st.dictionaries(NAMES, COUNTS),
    st.dictionaries(NAMES, USAGES),
    st.dictionaries(NAMES, USAGES),
)


@given(TALLIES, TALLIES, TALLIES)
def test_batches_may_be_put_together_in_any_way(a: Tally, b: Tally, c: Tally) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


@given(TALLIES)
def test_an_empty_tally_adds_nothing(tally: Tally) -> None:
    assert tally + Tally() == tally


def test_what_graders_used_is_told_apart() -> None:
    graders = {"m": Usage(1, 10, 2, 12), "g": Usage(2, 5, 5, 10)}
    tally = Tally(usage={"m": Usage(3, 40, 9, 49, 1), "g": graders["g"]}, grader_usage=graders)

    assert tally.sample_usage == {"m": Usage(2, 30, 7, 37, 1)}


def test_two_items_by_hand() -> None:
    one = Tally(
        passed=1, criteria={"x": CriterionCount(passed=1)}, usage={"m": Usage(1, 10, 2, 12)}
    )
    two = Tally(
        errored=1, criteria={"x": CriterionCount(errored=1)}, usage={"n": Usage(2, 5, 5, 10)}
    )

    both = one + two

    assert both.total == 2
    assert both.criteria == {"x": CriterionCount(passed=1, errored=1)}
    assert both.usage == {"m": Usage(1, 10, 2, 12), "n": Usage(2, 5, 5, 10)}
