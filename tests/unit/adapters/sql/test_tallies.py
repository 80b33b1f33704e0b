"""A tally as text grows as tallies do. Ours."""

from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.sql.tallies import grown_tally, read_tally, tally_text
from evald.domain.tally import CriterionCount, Tally, Usage

COUNT = st.integers(0, 2**60)
NAME = st.text(max_size=3) | st.just("half a pair \ud800")
USAGES = st.dictionaries(NAME, st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT), max_size=3)
TALLY = st.builds(
    Tally,
    COUNT,
    COUNT,
    COUNT,
    st.dictionaries(NAME, st.builds(CriterionCount, COUNT, COUNT, COUNT), max_size=3),
    USAGES,
    USAGES,
)


@given(TALLY)
def test_a_tally_comes_back_from_its_text(tally: Tally) -> None:
    assert read_tally(tally_text(tally)) == tally


@given(TALLY, st.lists(TALLY, max_size=4))
def test_a_text_grows_by_the_sum_of_tallies(tally: Tally, more: list[Tally]) -> None:
    assert read_tally(grown_tally(tally_text(tally), more)) == sum(more, tally)


def test_a_text_kept_before_graders_asked_models_is_read_and_grows() -> None:
    kept = '{"items":[1,0,0],"criteria":{},"usage":{"m":[1,7,2,9,0]}}'
    usage = {"m": Usage(1, 7, 2, 9)}
    more = Tally(passed=1, usage=usage, grader_usage=usage)

    assert read_tally(kept) == Tally(passed=1, usage=usage)
    assert read_tally(grown_tally(kept, [more])) == Tally(passed=1, usage=usage) + more


@given(TALLY)
def test_the_text_is_one_that_any_database_takes(tally: Tally) -> None:
    assert tally_text(tally).isascii()
    assert "\0" not in tally_text(tally)
