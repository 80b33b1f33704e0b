"""What `multi` makes of the grades of others.

The three forms of `graders`, names and functions are documented ("Graders" guide, OpenAPI
document); thresholds, errors and what a result shows are ours.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
from pydantic import JsonValue, TypeAdapter

from evald.domain.formula import FormulaInvalid
from evald.domain.tally import Usage
from evald.graders.grade import FAIL, PASS, Fault, Grade, errored, scored
from evald.graders.multi import PlacedGrader, formula_of, grade_multi, named_graders, placed_graders
from evald.wire.graders import MultiGrader, SubGrader

CHECK: dict[str, JsonValue] = {
    "type": "string_check",
    "input": "a",
    "reference": "b",
    "operation": "eq",
}
SIMILARITY: dict[str, JsonValue] = {
    "type": "text_similarity",
    "input": "a",
    "reference": "b",
    "evaluation_metric": "bleu",
}


def check(name: str) -> dict[str, JsonValue]:
    return {**CHECK, "name": name}


def similarity(name: str) -> dict[str, JsonValue]:
    return {**SIMILARITY, "name": name}


def multi(graders: JsonValue, formula: str, **fields: JsonValue) -> MultiGrader:
    adapter = TypeAdapter(MultiGrader)
    given = {"type": "multi", "name": "Both", "graders": graders, "calculate_output": formula}
    return adapter.validate_python({**given, **fields})


async def graded(
    grader: MultiGrader, grades: Mapping[str, Grade], *, default_threshold: float = 0.5
) -> Grade:
    """The grade, where the graders of these names come to these."""

    async def grade_one(part: SubGrader) -> Grade:
        return grades[part.name]

    return await grade_multi(grader, grade_one, default_threshold=default_threshold)


MAP: dict[str, JsonValue] = {"a": check("first"), "b": check("second")}
GRADES = {"first": scored(0.25, threshold=0.5), "second": PASS}


async def test_the_scores_are_combined_as_the_formula_says() -> None:
    """By hand: 0.25 * 0.25 + 0.75 * 1 = 0.8125."""
    verdict = await graded(multi(MAP, "0.25 * a + 0.75 * b"), GRADES)

    assert (verdict.score, verdict.passed, verdict.error) == (0.8125, True, None)
    assert verdict.details == {"scores": {"a": 0.25, "b": 1.0}}
    assert verdict.parts == {"a": GRADES["first"], "b": GRADES["second"]}


@pytest.mark.parametrize(
    ("graders", "formula", "score"),
    [
        (MAP, "a", 0.25),  # a map: its keys, not the graders' names
        ([check("first"), check("second")], "first + second", 1.25),
        (check("second"), "second / 2", 0.5),
        ([check("first"), similarity("second")], "text_similarity_score", 1.0),
        ([check("first"), similarity("second")], "string_check_score", 0.25),
        ({"string_check_score": check("first")}, "string_check_score", 0.25),
        ([similarity("first"), check("second")], "second", 1.0),
        ({}, "0.5", 0.5),
        ([], "0.5", 0.5),
    ],
)
async def test_the_names_of_a_formula(graders: JsonValue, formula: str, score: float) -> None:
    assert (await graded(multi(graders, formula), GRADES)).score == score


@pytest.mark.parametrize(
    ("graders", "formula", "reason"),
    [
        (MAP, "a + c", "names 'c', and the graders are: 'a', 'b'"),
        (MAP, "first", "names 'first', and the graders are: 'a', 'b'"),
        # Two graders are of this type, so it could be either's score.
        (MAP, "string_check_score", "names 'string_check_score', and the graders are: 'a', 'b'"),
        ({}, "a", "names 'a', and the graders are: none"),
        (MAP, "a +", "ends where a number, a name or a '(' should be"),
    ],
)
async def test_a_formula_that_means_nothing(graders: JsonValue, formula: str, reason: str) -> None:
    grader = multi(graders, formula)

    verdict = await graded(grader, GRADES)

    with pytest.raises(FormulaInvalid) as caught:
        formula_of(grader)
    assert caught.value.reason == reason
    assert verdict.error is not None
    assert verdict.error.code == "invalid_formula"
    assert reason in verdict.error.message
    assert (verdict.score, verdict.passed, verdict.fault) == (0.0, False, Fault.FORMULA)


async def test_a_formula_without_a_value_makes_no_verdict() -> None:
    verdict = await graded(multi(MAP, "b / (a - 0.25)"), GRADES)

    assert verdict.error is not None
    assert verdict.error.code == "undefined_formula"
    assert verdict.error.message == "The formula of 'Both' has no value here: it divides by zero."
    assert (verdict.score, verdict.passed, verdict.fault) == (0.0, False, Fault.OTHER)
    assert verdict.details == {"scores": {"a": 0.25, "b": 1.0}}


@pytest.mark.parametrize(
    ("own", "default", "passed"),
    [
        (None, 0.25, True),
        (None, 0.26, False),
        (0.25, 0.9, True),
        (0.26, 0.1, False),
        (0.0, 0.9, True),
    ],
)
async def test_it_passes_from_the_threshold_on(
    own: float | None, default: float, passed: bool
) -> None:
    grader = multi(MAP, "a", pass_threshold=own)

    assert (await graded(grader, GRADES, default_threshold=default)).passed is passed


async def test_a_grader_without_a_verdict_leaves_none() -> None:
    lost = errored("timeout", "The model is slow.", fault=Fault.MODEL_SERVER)

    verdict = await graded(multi(MAP, "a"), {"first": PASS, "second": lost})

    assert verdict.error is not None
    assert verdict.error.code == "timeout"
    assert verdict.error.message == ("Grader 'b' of 'Both' came to no verdict: The model is slow.")
    assert (verdict.score, verdict.passed, verdict.fault) == (0.0, False, Fault.MODEL_SERVER)
    assert verdict.details["scores"] == {"a": 1.0, "b": 0.0}


async def test_a_verdict_that_follows_from_a_fault_counts_and_tells_the_fault() -> None:
    raised = replace(FAIL, fault=Fault.PYTHON_RUNTIME)

    verdict = await graded(multi(MAP, "a + b"), {"first": PASS, "second": raised})

    assert (verdict.score, verdict.passed, verdict.error) == (1.0, True, None)
    assert verdict.fault is Fault.PYTHON_RUNTIME


async def test_what_the_graders_have_to_tell_is_shown_and_the_rest_left_out() -> None:
    asked = Grade(1.0, passed=True, sample={"model": "m"}, details={"structured_output": "text"})
    lost = errored("unresolved_variable", "It is not there.")
    graders = {**MAP, "c": check("third")}

    verdict = await graded(multi(graders, "a"), {"first": asked, "second": lost, "third": PASS})

    assert verdict.details["sub_results"] == {
        "a": {
            "sample": {"model": "m"},
            "passed": True,
            "score": 1.0,
            "structured_output": "text",
        },
        "b": {
            "sample": None,
            "passed": False,
            "score": 0.0,
            "error": {"code": "unresolved_variable", "message": "It is not there."},
        },
    }


async def test_the_cost_is_that_of_all_graders_by_model() -> None:
    first = replace(PASS, usage={"m": Usage(1, 2, 3, 5), "n": Usage(1, 1, 1, 2)})
    second = replace(PASS, usage={"m": Usage(1, 20, 30, 50)})

    verdict = await graded(multi(MAP, "a + b"), {"first": first, "second": second})

    assert verdict.usage == {"m": Usage(2, 22, 33, 55), "n": Usage(1, 1, 1, 2)}


async def test_the_graders_grade_at_once() -> None:
    """One after another, each would wait for the other for ever."""
    slow: dict[str, JsonValue] = {"a": similarity("first"), "b": similarity("second")}
    arrived = asyncio.Barrier(2)

    async def grade_one(part: SubGrader) -> Grade:
        await arrived.wait()
        return PASS

    async with asyncio.timeout(5):
        verdict = await grade_multi(multi(slow, "a * b"), grade_one, default_threshold=0.5)

    assert verdict.score == 1.0


@pytest.mark.parametrize(
    ("graders", "paths", "names"),
    [
        ({"a b": check("x"), "c": check("x")}, ["graders['a b']", "graders.c"], ["a b", "c"]),
        ([check("x"), check("y")], ["graders[0]", "graders[1]"], ["x", "y"]),
        (check("x"), ["graders"], ["x"]),
        ({"type": check("x")}, ["graders.type"], ["type"]),  # a map, whatever its key is called
    ],
)
def test_every_grader_has_a_place_and_a_name(
    graders: JsonValue, paths: list[str], names: list[str]
) -> None:
    grader = multi(graders, "1")

    placed = placed_graders(grader)

    assert placed == [
        PlacedGrader(path, each)
        for path, each in zip(paths, named_graders(grader).values(), strict=True)
    ]
    assert list(named_graders(grader)) == names
