import pytest

from evald.web.bars import BAR_WIDTH, Counted, histogram, rate_bar
from evald.web.figures import rated


def test_a_bar_reaches_as_far_as_its_rate() -> None:
    bar = rate_bar(rated(50, 50, errored=0))

    assert bar is not None
    assert (bar.begin, bar.end, bar.full) == (4, BAR_WIDTH / 2, BAR_WIDTH - 4)
    assert bar.low < bar.end < bar.high
    assert bar.words == "50.0 %, 95 % interval 40.4–59.6 percent"


def test_without_a_rate_there_is_no_bar() -> None:
    assert rate_bar(rated(0, 0, errored=3)) is None


def test_the_fullest_bin_is_the_highest_column_and_a_single_score_is_seen() -> None:
    chart = histogram([Counted(0.0, 0.5, 1_000), Counted(0.5, 1.0, 1)])

    assert chart is not None
    assert [column.height for column in chart.columns] == [76, 2]
    assert [column.y + column.height for column in chart.columns] == [chart.floor] * 2
    assert (
        chart.words == "1,001 scores from 0.000 to 1.000, most of them, 1,000, from 0.000 to 0.500"
    )


@pytest.mark.parametrize("counts", [[0, 3], [3, 0]])
def test_an_empty_bin_has_no_column(counts: list[int]) -> None:
    chart = histogram([Counted(at, at + 1, count) for at, count in enumerate(counts)])

    assert chart is not None
    assert [column.height > 0 for column in chart.columns] == [bool(count) for count in counts]


def test_without_scores_there_is_no_histogram() -> None:
    assert histogram([]) is None
