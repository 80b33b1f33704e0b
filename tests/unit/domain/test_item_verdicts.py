"""Verdicts as they are kept beside an item; all of it is ours."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.item_verdicts import (
    LARGEST_SCORE,
    StoredVerdict,
    criterion_positions,
    kept_score,
    read_verdicts,
)
from evald.wire.evals import ImportedEval
from tests.support.kept_runs import CORRECT, POLITE, eval_named

POSITIONS = {"a": 0, "b": 1, "c": 2}


def read(*results: Any) -> tuple[StoredVerdict, ...]:
    return read_verdicts(json.dumps(results), POSITIONS)


def result(name: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "passed": True, "score": 0.5, **more}


def test_verdicts_are_read_in_the_order_of_criteria() -> None:
    found = read(result("c", passed=False), result("a", score=1), result("b", error={"code": "x"}))

    assert found == (
        StoredVerdict(0, "pass", 1.0),
        StoredVerdict(1, "error", None),
        StoredVerdict(2, "fail", 0.5),
    )


def test_the_first_of_two_verdicts_by_one_criterion_counts() -> None:
    assert read(result("a", score=0.1), result("a", score=0.2)) == (StoredVerdict(0, "pass", 0.1),)


@pytest.mark.parametrize("strange", [result("d"), result(7), {}, None, "a", [result("a")]])
def test_what_names_no_criterion_is_left_out(strange: Any) -> None:
    assert read(strange, result("b")) == (StoredVerdict(1, "pass", 0.5),)


@pytest.mark.parametrize("score", ["0.5", None, True, [], 10**400])
def test_what_is_no_score_is_none(score: Any) -> None:
    assert read(result("a", score=score)) == (StoredVerdict(0, "pass", None),)


@pytest.mark.parametrize("results", ["{}", "null", '"a"', "[]"])
def test_an_imported_item_may_have_no_results(results: str) -> None:
    assert read_verdicts(results, POSITIONS) == ()


@given(st.floats(allow_nan=False))
def test_a_kept_score_can_be_squared_a_million_times(score: float) -> None:
    kept = kept_score(score)

    assert math.isfinite(1e6 * kept * kept)
    assert kept == 0 or kept * kept > 0


@given(st.floats(-LARGEST_SCORE, LARGEST_SCORE))
def test_a_score_of_usual_size_is_kept_as_it_is(score: float) -> None:
    assert kept_score(score) == (score if abs(score) >= 1 / LARGEST_SCORE else 0.0)


def test_criteria_are_found_by_id_and_by_name() -> None:
    found = criterion_positions(eval_named("Tickets"))

    assert found == {CORRECT: 0, POLITE: 1, "Right category": 0, "Polite": 1}


def test_an_id_is_stronger_than_a_name_and_the_first_of_a_name_counts() -> None:
    body: dict[str, Any] = {
        "testing_criteria": [
            {"id": "x", "name": "y", "type": "?"},
            {"id": "y", "name": "z", "type": "?"},
            {"id": "v", "name": "z", "type": "?"},
        ]
    }
    imported = ImportedEval.model_construct(imported=body, testing_criteria=[])

    assert criterion_positions(imported) == {"x": 0, "y": 1, "v": 2, "z": 1}
