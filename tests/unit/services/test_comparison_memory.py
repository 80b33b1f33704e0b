"""Comparisons that a process remembers."""

from dataclasses import replace

import pytest

from evald.domain.tally import Tally
from evald.services.comparison_memory import MOST_SAID, OWN_BYTES, Asked, ComparisonMemory, Said
from tests.support.kept_runs import run_named

ENDED = run_named("One", status="completed")
OTHER = replace(ENDED, id="evalrun_other")


def test_the_same_runs_are_matched_once() -> None:
    memory = ComparisonMemory()

    first = memory.comparison([ENDED, OTHER])

    assert memory.comparison([ENDED, OTHER]) is first
    assert memory.comparison([OTHER, ENDED]) is not first


@pytest.mark.parametrize(
    "changed",
    [
        replace(ENDED, status="in_progress"),
        replace(ENDED, chance=1),
        replace(ENDED, tally=Tally(passed=1)),
        replace(ENDED, has_verdicts=False),
    ],
)
def test_runs_that_change_are_matched_anew(changed: object) -> None:
    memory = ComparisonMemory()
    memory.comparison([ENDED, OTHER])

    first = memory.comparison([changed, OTHER])  # type: ignore[list-item]

    assert first is not memory.comparison([ENDED, OTHER])


def test_runs_under_way_are_not_remembered() -> None:
    memory = ComparisonMemory()
    running = replace(ENDED, status="in_progress")

    assert memory.comparison([running, OTHER]) is not memory.comparison([running, OTHER])
    assert memory.size == 0


def test_what_was_asked_for_longest_ago_is_forgotten_first() -> None:
    memory = ComparisonMemory(most_bytes=2 * OWN_BYTES)
    runs = [replace(ENDED, id=f"evalrun_{number}") for number in range(3)]
    first, second = memory.comparison(runs[:2]), memory.comparison(runs[1:])
    assert memory.comparison(runs[:2]) is first

    memory.comparison(runs)
    memory.forget_some()

    assert memory.size == 2 * OWN_BYTES
    assert memory.comparison(runs[:2]) is first
    assert memory.comparison(runs[1:]) is not second


def test_of_few_that_were_asked_it_is_kept_what_was_said() -> None:
    kept = ComparisonMemory().comparison([ENDED, OTHER])

    for number in range(MOST_SAID + 1):
        kept.say(Asked(0.95, f"item.{number}"), Said([]))

    assert [*kept.said] == [Asked(0.95, f"item.{MOST_SAID}")]
