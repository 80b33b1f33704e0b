"""Verdicts as they are kept beside an item: narrow enough to be counted and summed up."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from pydantic import JsonValue

from evald.domain.exact_json import parse_kept
from evald.wire.evals import Eval, echoed_criteria
from evald.wire.output_items import OutputItemStatus

LARGEST_SCORE = 1e100
"""Further from zero no score is kept: the squares of a million of these still have a sum."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """What one criterion said of one item.

    `criterion` is the 0-based position of the testing criterion in its eval. `score` is None where
    the outcome is `error`, or an imported item has none; it is `kept_score` of the grader's.
    """

    criterion: int
    outcome: OutputItemStatus
    score: float | None


def kept_score(score: float) -> float:
    """The score, no further from zero than 1e100, and zero where it is nearer than 1e-100.

    So that no database refuses to square it: PostgreSQL does where the square is no float.
    """
    if abs(score) < 1 / LARGEST_SCORE:
        return 0.0
    return max(-LARGEST_SCORE, min(score, LARGEST_SCORE))


def criterion_positions(an_eval: Eval) -> dict[str, int]:
    """Where each criterion stands in its eval, by its id, and by its name where no other has it.

    Items of other tools name the criterion instead of giving its id.
    """
    echoed = list(enumerate(echoed_criteria(an_eval)))
    # The first of a name counts, and an id more than any name.
    positions = {each.name: position for position, each in reversed(echoed)}
    return positions | {each.id: position for position, each in reversed(echoed)}


def read_verdicts(results_json: str, positions: Mapping[str, int]) -> tuple[StoredVerdict, ...]:
    """The verdicts in an item's results, by criterion; of two by the same one, the first.

    Results that name none of the criteria, or are no objects, are left out.
    """
    found: dict[int, StoredVerdict] = {}
    results = parse_kept(results_json)
    for result in results if isinstance(results, list) else []:
        name = result.get("name") if isinstance(result, dict) else None
        if isinstance(result, dict) and isinstance(name, str) and name in positions:
            position = positions[name]
            found.setdefault(position, _verdict(position, result))
    return tuple(found[position] for position in sorted(found))


def _verdict(position: int, result: Mapping[str, JsonValue]) -> StoredVerdict:
    if isinstance(result.get("error"), dict):
        return StoredVerdict(position, "error", None)
    outcome: OutputItemStatus = "pass" if result.get("passed") is True else "fail"
    return StoredVerdict(position, outcome, _score(result.get("score")))


def _score(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        score = float(value)
    except OverflowError:
        return None
    return kept_score(score) if isfinite(score) else None
