"""A tally as text grows as tallies do. Ours."""

from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.sql.tallies import grown_tally, read_tally, tally_text
from evald.domain.tally import CriterionCount, Tally, Usage

COUNT = st.integers(0, 2**60)
NAME = st.text(max_size=3) | st.just("half a pair \ud800")
TALLY = st.builds(
    Tally,
    COUNT,
    COUNT,
    COUNT,
    st.dictionaries(NAME, st.builds(CriterionCount, COUNT, COUNT, COUNT), max_size=3),
    st.dictionaries(NAME, st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT), max_size=3),
)


@given(TALLY)
def test_a_tally_comes_back_from_its_text(tally: Tally) -> None:
    assert read_tally(tally_text(tally)) == tally


@given(TALLY, st.lists(TALLY, max_size=4))
def test_a_text_grows_by_the_sum_of_tallies(tally: Tally, more: list[Tally]) -> None:
    assert read_tally(grown_tally(tally_text(tally), more)) == sum(more, tally)


@given(TALLY)
def test_the_text_is_one_that_any_database_takes(tally: Tally) -> None:
    assert tally_text(tally).isascii()
    assert "\0" not in tally_text(tally)
