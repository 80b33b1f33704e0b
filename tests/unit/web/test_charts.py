from hypothesis import given
from hypothesis import strategies as st

from evald.web.charts import TREND_HEIGHT, TREND_WIDTH, TrendPoint, spark, trend

SHARES = st.floats(0, 1)


def points(text: str) -> list[tuple[float, float]]:
    pairs = [each.split(",") for each in text.split()]
    return [(float(x), float(y)) for x, y in pairs]


def test_a_line_goes_from_the_oldest_rate_to_the_newest_none_at_the_bottom() -> None:
    line = spark([0.0, None, 0.5, 1.0])

    assert line is not None
    assert points(line.points) == [(3.0, 17.0), (60.0, 10.0), (117.0, 3.0)]
    assert (line.last.x, line.last.y) == (117.0, 3.0)
    assert line.words == (
        "Rates of the last 3 runs with a rate, oldest first: 0.0 %, 50.0 %, 100.0 %"
    )


def test_one_rate_is_no_trend() -> None:
    assert spark([None, 0.5]) is None
    assert trend([TrendPoint("a", 0.5, 0.4, 0.6)]) is None


def test_an_error_bar_goes_from_one_end_of_the_interval_to_the_other() -> None:
    chart = trend([TrendPoint("One", 0.5, 0.25, 0.75), TrendPoint("Two", 1.0, 0.5, 1.0)])

    assert chart is not None
    assert [(mark.high_y, mark.dot.y, mark.low_y) for mark in chart.marks] == [
        (46.0, 84.0, 122.0),
        (8.0, 8.0, 84.0),
    ]
    assert [line.label for line in chart.grid] == ["100 %", "50 %", "0 %"]
    assert chart.marks[0].words == "One: 50.0 % (95 %: 25.0–75.0)"


@given(st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=2, max_size=60))
def test_every_mark_lies_within_the_chart(shares: list[tuple[float, float, float]]) -> None:
    chart = trend([TrendPoint("", *each) for each in shares])

    assert chart is not None
    for mark in chart.marks:
        assert chart.left < mark.dot.x < TREND_WIDTH
        assert all(0 < y < TREND_HEIGHT for y in (mark.dot.y, mark.low_y, mark.high_y))
