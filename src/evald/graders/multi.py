"""The `multi` grader: the scores of other graders, combined by a formula."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.domain.formula import (
    Formula,
    FormulaInvalid,
    FormulaUndefined,
    parse_formula,
    work_out,
)
from evald.domain.json_path import Step, json_path
from evald.graders.grade import Fault, Grade, errored, scored, usage_of
from evald.wire.graders import MultiGrader, StringCheckGrader, SubGrader


@dataclass(frozen=True, slots=True)
class PlacedGrader:
    """A grader inside of another, and the JSON path that leads to it from there."""

    path: str
    grader: SubGrader


GradeOne = Callable[[SubGrader], Coroutine[object, None, Grade]]
"""How one of the graders is graded."""


def named_graders(grader: MultiGrader) -> Mapping[str, SubGrader]:
    """The graders that this one is made of, by the names under which its formula has them.

    In a map that is the key, else the grader's own name; of several with one name the last counts.
    """
    match grader.graders:
        case dict():
            return grader.graders
        case list():
            return {each.name: each for each in grader.graders}
        case _:
            return {grader.graders.name: grader.graders}


def placed_graders(grader: MultiGrader) -> list[PlacedGrader]:
    """Every grader that this one is made of, with its place inside of it, in their order."""
    match grader.graders:
        case dict():
            placed: list[tuple[Step, SubGrader]] = [*grader.graders.items()]
        case list():
            placed = [*enumerate(grader.graders)]
        case _:
            return [PlacedGrader("graders", grader.graders)]
    return [PlacedGrader(json_path(("graders", step)), each) for step, each in placed]


def formula_of(grader: MultiGrader) -> Formula:
    """The grader's formula, each of whose names means one of its graders.

    Raises:
        FormulaInvalid: it is no formula, or names a grader that is not there.
    """
    formula, graders = parse_formula(grader.calculate_output), named_graders(grader)
    for name in sorted(formula.names):
        if _meant(name, graders) is None:
            known = ", ".join([f"'{each[:100]}'" for each in graders]) or "none"
            reason = f"names '{name[:100]}', and the graders are: {known}"
            raise FormulaInvalid(reason)
    return formula


async def grade_multi(
    grader: MultiGrader,
    grade_one: GradeOne,
    *,
    default_threshold: float,
) -> Grade:
    """The formula's value for the scores of the graders, all of which are graded at once.

    A grader that comes to no verdict leaves this one without a verdict too, for the same reason; a
    verdict that follows from a fault, as the 0.0 of code that raised, counts as it is. The score
    of each stands in the details under `scores`, on its own scale, and what else there is to tell
    of one (its call of a model, its error, its output) under `sub_results`.

    Source: OpenAI, "Graders" guide, Multigraders; errors and thresholds are not documented.
    """
    try:
        formula = formula_of(grader)
    except FormulaInvalid as invalid:
        message = f"The formula of '{grader.name}' cannot be used: it {invalid.reason}."
        return errored("invalid_formula", message, fault=Fault.FORMULA)
    graders = named_graders(grader)
    parts = await _graded(graders, grade_one)
    given = {name: parts[_meant(name, graders) or name].score for name in formula.names}
    verdict = _lost(grader.name, parts) or _verdict(grader, formula, given, default_threshold)
    return replace(
        verdict,
        fault=verdict.fault or next((each.fault for each in parts.values() if each.fault), None),
        usage=usage_of(parts.values()),
        details=_details(parts),
        parts=parts,
    )


def _meant(name: str, graders: Mapping[str, SubGrader]) -> str | None:
    """The grader that a formula means by a name: the one called so, or the only one of a type.

    Source: `<type>_score` stands in the example of the OpenAPI document's schema GraderMulti.
    """
    if name in graders:
        return name
    of_type = [key for key, each in graders.items() if name == f"{each.type}_score"]
    return of_type[0] if len(of_type) == 1 else None


async def _graded(graders: Mapping[str, SubGrader], grade_one: GradeOne) -> dict[str, Grade]:
    waiting = [each for each in graders.values() if not isinstance(each, StringCheckGrader)]
    if len(waiting) < 2:
        # Nobody is held up by another, and a task costs more than a string check.
        return {name: await grade_one(each) for name, each in graders.items()}
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(grade_one(each)) for name, each in graders.items()}
    return {name: task.result() for name, task in tasks.items()}


def _lost(name: str, parts: Mapping[str, Grade]) -> Grade | None:
    for key, part in parts.items():
        if part.error is not None:
            message = f"Grader '{key}' of '{name}' came to no verdict: {part.error.message}"
            return errored(part.error.code, message, fault=part.fault or Fault.OTHER)
    return None


def _verdict(
    grader: MultiGrader, formula: Formula, given: Mapping[str, float], default_threshold: float
) -> Grade:
    threshold = grader.pass_threshold
    try:
        score = work_out(formula, given)
    except FormulaUndefined as undefined:
        message = f"The formula of '{grader.name}' has no value here: it {undefined.reason}."
        return errored("undefined_formula", message)
    return scored(score, threshold=default_threshold if threshold is None else threshold)


def _details(parts: Mapping[str, Grade]) -> dict[str, JsonValue]:
    scores: dict[str, JsonValue] = {name: part.score for name, part in parts.items()}
    told: dict[str, JsonValue] = {name: _told(part) for name, part in parts.items() if _tells(part)}
    return {"scores": scores, **({"sub_results": told} if told else {})}


def _tells(part: Grade) -> bool:
    return part.sample is not None or part.error is not None or bool(part.details)


def _told(part: Grade) -> JsonValue:
    result: dict[str, JsonValue] = {
        "sample": part.sample,
        "passed": part.passed,
        "score": part.score,
    }
    if part.error is not None:
        result["error"] = {"code": part.error.code, "message": part.error.message}
    return {**result, **part.details}
