import timeit

import pytest
from pydantic import JsonValue

from evald.adapters.models.metered import MeteredModel
from evald.adapters.models.scripted import ScriptedModel
from evald.adapters.prometheus.exposition import Prometheus
from evald.adapters.prometheus.series import (
    MOST_NAMES,
    OTHER,
    CountedSeries,
    TimedSeries,
    Times,
    TokenSeries,
)
from tests.support.virtual_time import LoopClock


def test_each_combination_of_labels_has_a_number_of_its_own() -> None:
    series = CountedSeries("n", "N.", ("a", "b"))

    series.count("x", "y")
    series.count("x", "z", by=3)
    series.count("x", "y")

    assert series.values() == [(("x", "y"), 2), (("x", "z"), 3)]


def test_a_time_falls_below_the_first_bound_that_it_does_not_exceed() -> None:
    series = TimedSeries("t", "T.", (), (0.1, 1.0))

    for seconds in (0.1, 0.05, 0.5, 1.0, 7.0):
        series.time(seconds)

    assert series.values() == [((), Times((2, 2, 1), sum((0.1, 0.05, 0.5, 1.0, 7.0))))]


def test_so_many_names_are_told_apart_and_further_ones_are_not() -> None:
    series = TokenSeries("tokens", "Tokens.")
    names = [f"model-{number}" for number in range(MOST_NAMES + 50)]

    for name in names * 2:
        series.add(name, given=3, cached=2, made=1)

    values = dict(series.values())
    assert {model for model, _ in values} == {*names[:MOST_NAMES], OTHER}
    assert values["model-0", "input"] == 6
    assert values[OTHER, "output"] == 100


@pytest.mark.parametrize("name", ["m" * 101, "a\nb", "half \ud83d of a character", "\0"])
def test_a_name_that_is_too_long_or_no_text_is_other(name: str) -> None:
    series = CountedSeries("n", "N.", ("model",))

    series.count(name)

    assert series.values() == [((OTHER,), 1)]


@pytest.mark.parametrize("given", [-1, 2**53, 10**400])
def test_what_no_call_can_have_used_is_not_counted(given: int) -> None:
    series = TokenSeries("tokens", "Tokens.")

    series.add("m", given=given, cached=0, made=5)

    assert {value for _, value in series.values()} == {0}


def test_counting_all_of_a_row_costs_next_to_nothing() -> None:
    """2 microseconds on an idle machine; with ten times that, a row would notice."""
    metrics = Prometheus().metrics
    clock = LoopClock()
    model = MeteredModel(ScriptedModel([], clock), clock, metrics=metrics)
    usage: dict[str, JsonValue] = {
        "prompt_tokens": 9,
        "completion_tokens": 1,
        "prompt_tokens_details": None,
    }

    def row() -> None:
        metrics.rows.time(0.3, "pass")
        metrics.model_calls.time(0.3, "default", "answered")
        model.note_tokens("mock-model", usage)

    assert min(timeit.repeat(row, number=2_000, repeat=5)) / 2_000 < 20e-6
