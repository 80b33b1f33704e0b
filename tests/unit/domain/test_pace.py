import pytest

from evald.domain.pace import Pace


def test_a_first_look_has_nothing_to_compare_with() -> None:
    assert Pace().look(100.0, 50) is None


def test_rows_per_second_are_those_between_the_looks() -> None:
    pace = Pace()
    pace.look(100.0, 10)

    assert pace.look(100.5, 30) == pytest.approx(40.0)
    assert pace.look(104.0, 50) == pytest.approx(10.0)


def test_what_is_longer_ago_than_ten_seconds_counts_no_more() -> None:
    pace = Pace()
    pace.look(100.0, 0)
    pace.look(105.0, 1_000)

    assert pace.look(114.0, 1_009) == pytest.approx(1.0)


def test_nothing_done_is_a_pace_of_zero() -> None:
    pace = Pace()
    pace.look(1.0, 5)

    assert pace.look(2.0, 5) == 0.0


def test_rows_that_are_done_anew_begin_a_new_pace() -> None:
    pace = Pace()
    pace.look(1.0, 90)

    assert pace.look(2.0, 40) is None
    assert pace.look(3.0, 60) == pytest.approx(20.0)


def test_looks_that_are_too_close_together_tell_nothing() -> None:
    pace = Pace()
    pace.look(1.0, 0)

    assert pace.look(1.1, 100) is None
