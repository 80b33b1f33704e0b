"""Tests of bench.target."""

import pytest

from bench.target import TARGETS, Figure, Target, line, shown, table

LESS = Target("milliseconds", must=0.8, stretch=0.4, unit="ms")
MORE = Target("rows/s", must=1_000, stretch=2_500, more=True)


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (LESS, 0.39, "stretch"),
        (LESS, 0.4, "stretch"),
        (LESS, 0.41, "must"),
        (LESS, 0.8, "must"),
        (LESS, 0.81, "NO"),
        (MORE, 2_500.0, "stretch"),
        (MORE, 2_499.0, "must"),
        (MORE, 1_000.0, "must"),
        (MORE, 999.0, "NO"),
    ],
)
def test_a_figure_reaches_a_target_by_being_as_good(target: Target, value: float, met: str) -> None:
    assert target.met(value) == met


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_measure_is_stretched_to_is_no_easier_than_what_it_must(name: str) -> None:
    assert TARGETS[name].met(TARGETS[name].stretch) == "stretch"
    assert TARGETS[name].met(TARGETS[name].must) != "NO"


def test_a_line_holds_the_figure_beside_its_target() -> None:
    assert line(LESS, Figure(0.5, "of CPU")).split() == [
        *("milliseconds", "0.50", "ms", "0.8", "0.4", "must", "of", "CPU")
    ]


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert line(LESS, Figure(None, "elsewhere")).split() == [
        *("milliseconds", "–", "0.8", "0.4", "–", "elsewhere")
    ]


def test_every_target_has_its_line_whatever_was_found() -> None:
    assert len(table({}).splitlines()) == 1 + len(TARGETS)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.00"), (0.345, "0.34"), (12.34, "12.3"), (1234.5, "1,234")]
)
def test_three_digits_are_shown(value: float, text: str) -> None:
    assert shown(value) == text
