"""An output item, made of a row's item, its sample and its grades."""

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.item_verdicts import StoredVerdict, kept_score
from evald.domain.sample import Sample
from evald.domain.tally import CriterionCount, Tally, Usage
from evald.engine.run_in_hand import RunInHand
from evald.graders.grade import Grade, usage_of
from evald.ports.kept import StoredOutputItem
from evald.wire.criteria import TestingCriterion
from evald.wire.ids import IdPrefix
from evald.wire.output_items import OutputItemStatus


def output_item(
    run: RunInHand, number: int, item: JsonValue, judged: tuple[Sample, list[Grade]]
) -> StoredOutputItem:
    """The item of the row of this number, with its tally and verdicts.

    It passes if every criterion passed; it is errored if its sample or any criterion is.

    Source: inferred from runs with two criteria, observed 2025.
    """
    sample, grades = judged
    status = _status(sample, grades)
    results = [result_json(c, g) for c, g in zip(run.criteria, grades, strict=True)]
    return StoredOutputItem(
        id=run.context.clock.new_id(IdPrefix.OUTPUT_ITEM),
        row=number,
        created_at=run.context.clock.now(),
        status=status,
        content_hash=exact_json.content_hash(item),
        item_json=exact_json.dump(item),
        results_json=exact_json.dump(list(results)),
        sample_json=exact_json.dump(sample.echo),
        tally=_tally(run, status, sample, grades),
        verdicts=tuple([_verdict(place, each) for place, each in enumerate(grades)]),
    )


def result_json(criterion: TestingCriterion, a_grade: Grade) -> dict[str, JsonValue]:
    """One criterion's verdict as the API answers it, in the key order captured.

    `error` stands only on errored verdicts; the hosted service's place for it is not documented.
    What a grader has to tell beyond its verdict stands in keys of its own.

    Source: observed 2025-07.
    """
    result: dict[str, JsonValue] = {
        "name": criterion.id,
        "sample": a_grade.sample,
        "passed": a_grade.passed,
        "score": a_grade.score,
    }
    if a_grade.error is not None:
        result["error"] = {"code": a_grade.error.code, "message": a_grade.error.message}
    result.update(a_grade.details)
    return result


def _verdict(criterion: int, a_grade: Grade) -> StoredVerdict:
    if a_grade.error is not None:
        return StoredVerdict(criterion, "error", None)
    outcome: OutputItemStatus = "pass" if a_grade.passed else "fail"
    return StoredVerdict(criterion, outcome, kept_score(a_grade.score))


def _status(sample: Sample, grades: list[Grade]) -> OutputItemStatus:
    if sample.error is not None or any(each.error is not None for each in grades):
        return "error"
    return "pass" if all(each.passed for each in grades) else "fail"


def _tally(run: RunInHand, status: OutputItemStatus, sample: Sample, grades: list[Grade]) -> Tally:
    usage, grader_usage = dict(sample.usage), usage_of(grades)
    for model, more in grader_usage.items():
        usage[model] = usage.get(model, Usage()) + more
    criteria = {c.id: _count(g) for c, g in zip(run.criteria, grades, strict=True)}
    return Tally(
        passed=int(status == "pass"),
        failed=int(status == "fail"),
        errored=int(status == "error"),
        criteria=criteria,
        usage=usage,
        grader_usage=grader_usage,
    )


_PASSED = CriterionCount(passed=1)
_FAILED = CriterionCount(failed=1)
_ERRORED = CriterionCount(errored=1)


def _count(a_grade: Grade) -> CriterionCount:
    if a_grade.error is not None:
        return _ERRORED
    return _PASSED if a_grade.passed else _FAILED
