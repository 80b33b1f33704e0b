"""Scores by one criterion in several runs."""

from hypothesis import given
from hypothesis import strategies as st

from evald.domain.paired_scores import DifferenceTally
from evald.domain.score_tables import BINS, ScoreTable

a_score = st.none() | st.floats(-3, 3)


def test_scores_are_counted_in_bins_of_all_runs() -> None:
    table = ScoreTable(0.0, 1.0, run_count=2)

    table.add([[0.0, 0.04, 0.06, 1.0, None], [0.05, 0.99, None, 0.5, 0.5]])

    assert [place for place, count in enumerate(table.bins[0]) for _ in range(count)] == [
        0,
        0,
        1,
        19,
    ]
    assert [place for place, count in enumerate(table.bins[1]) if count] == [1, 10, 19]
    assert table.pairs == {(0, 1): 1, (0, 19): 1, (19, 10): 1}


@given(st.lists(st.tuples(a_score, a_score, a_score), min_size=1))
def test_every_score_and_every_pair_counts_once(rows: list[tuple[float | None, ...]]) -> None:
    table = ScoreTable(-3.0, 3.0, run_count=3)
    columns = [list(column) for column in zip(*rows, strict=True)]

    table.add(columns)

    assert [sum(bins) for bins in table.bins] == [
        sum(score is not None for score in column) for column in columns
    ]
    assert sum(table.pairs.values()) == sum(None not in row[:2] for row in rows)
    assert all(0 <= place < BINS for pair in table.pairs for place in pair)


def test_differences_are_those_to_the_first_run() -> None:
    table = ScoreTable(0.0, 1.0, run_count=3)
    alone = DifferenceTally()
    alone.add(0.75, 0.5)

    table.add([[0.5, None], [0.25, 1.0], [0.75, 0.5]])

    assert table.differences[1].compared(0.95) == alone.compared(0.95)
