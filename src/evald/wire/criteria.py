"""Testing criteria: graders as an eval carries them, each under an id of its own."""

from pydantic import JsonValue, TypeAdapter, ValidationError

from evald.wire.base import WireModel
from evald.wire.graders import Grader

_GRADER: TypeAdapter[Grader] = TypeAdapter(Grader)


class TestingCriterion(WireModel):
    """A grader and the id under which an eval carries it.

    `id` is `<name>-<uuid4>`. It comes back as `name` of every result and as `testing_criteria` of
    every per-criterion count.

    Source: observed 2025-05 and 2026-07.
    """

    __test__ = False  # pytest would collect a class of this name

    id: str
    grader: Grader


def criterion_json(criterion: TestingCriterion) -> dict[str, JsonValue]:
    """The criterion as an eval echoes it: id and grader in one object.

    `grdr_id` and `inactive_at` are undocumented and null. Optional fields that were not given are
    left out.

    Source: observed 2026-07.
    """
    grader = criterion.grader.model_dump(exclude_unset=True)
    return {
        "id": criterion.id,
        "type": grader.pop("type"),
        "grdr_id": None,
        "inactive_at": None,
        **grader,
    }


def read_criterion(echoed: dict[str, JsonValue]) -> TestingCriterion:
    """The criterion of which `criterion_json` made this object."""
    return TestingCriterion.model_construct(
        id=str(echoed["id"]), grader=_GRADER.validate_python(echoed)
    )


def usable_criterion(echoed: JsonValue) -> TestingCriterion | None:
    """The criterion that another service echoed; None if it has no id or no grader of ours.

    What is null counts as not given. Source: observed 2025-05 and 2026-07.
    """
    if not isinstance(echoed, dict) or not isinstance(echoed.get("id"), str):
        return None
    try:
        return read_criterion({key: value for key, value in echoed.items() if value is not None})
    except ValidationError:
        return None
