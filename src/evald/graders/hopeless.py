"""What makes a grader come to the same end for every row: found when an eval is created."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from pydantic import JsonValue

from evald.domain.errors import InvalidValue
from evald.domain.json_path import Step, json_path
from evald.domain.template import NAMESPACES, Placeholder, parse_template
from evald.graders.multi import placed_graders
from evald.graders.score_model import range_of
from evald.wire.graders import (
    AzureEvaluatorGrader,
    Grader,
    LabelModelGrader,
    MultiGrader,
    PythonGrader,
    ScoreModelGrader,
    StringCheckGrader,
    TextSimilarityGrader,
)
from evald.wire.messages import EvalItem


def refuse_hopeless(graders: Sequence[Grader], item_schema: JsonValue) -> None:
    """Nothing, for graders whose verdict can depend on the row.

    Raises:
        InvalidValue: a template names what no row can have, or a threshold is outside of what the
            grader's scores can be.
    """
    for place, grader in enumerate(graders):
        refuse_hopeless_grader(grader, item_schema, param=f"testing_criteria[{place}]")


def refuse_hopeless_grader(grader: Grader, item_schema: JsonValue, *, param: str) -> None:
    """Nothing, for a grader whose verdict can depend on the row.

    Only what is certain counts: an item is known to lack a property where its schema is closed, and
    a sample may have any.

    Raises:
        InvalidValue: as with `refuse_hopeless`.
    """
    match grader:
        case MultiGrader():
            for part in placed_graders(grader):
                refuse_hopeless_grader(part.grader, item_schema, param=f"{param}.{part.path}")
        case StringCheckGrader() | TextSimilarityGrader():
            _refuse_template(grader.input, item_schema, f"{param}.input")
            _refuse_template(grader.reference, item_schema, f"{param}.reference")
        case LabelModelGrader() | ScoreModelGrader():
            for at, message in enumerate(grader.input):
                _refuse_message(message, item_schema, f"{param}.input[{at}]")
        case AzureEvaluatorGrader():
            for key, template in grader.data_mapping.items():
                _refuse_template(template, item_schema, f"{param}.data_mapping.{key}")
        case PythonGrader():
            pass
        case _:
            assert_never(grader)
    if isinstance(grader, TextSimilarityGrader | ScoreModelGrader):
        _refuse_threshold(grader, param)


def _refuse_message(message: EvalItem, item_schema: JsonValue, param: str) -> None:
    content: JsonValue = message.model_dump(exclude_unset=True)["content"]
    for path, text in _texts(content, ()):
        # Content that was given as text has become a part by now, and its place has none.
        place = ("content", *path) if isinstance(content, list) else ("content",)
        _refuse_template(text, item_schema, f"{param}.{json_path(place)}")


def _texts(value: JsonValue, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*path, at))


def _refuse_template(text: str, item_schema: JsonValue, param: str) -> None:
    for part in parse_template(text):
        if isinstance(part, Placeholder) and (problem := _problem(part, item_schema)):
            raise InvalidValue(
                f"The template in '{param}' names '{part.name[:100]}', which {problem}.",
                param=param,
            )


def _problem(placeholder: Placeholder, item_schema: JsonValue) -> str | None:
    """Why no row has this variable, as the end of a sentence; None where one may have it."""
    if not placeholder.steps:
        return "is no path"
    namespace, *steps = placeholder.steps
    if namespace not in NAMESPACES:
        return f"is in neither of the two namespaces, '{NAMESPACES[0]}' and '{NAMESPACES[1]}'"
    if namespace == "sample":
        return None
    lacking = _impossible_property(item_schema, steps)
    return lacking and f"no row can have: the item_schema allows no property '{lacking[:100]}'"


def _impossible_property(schema: JsonValue, steps: Sequence[Step]) -> str | None:
    """The first step that leads nowhere in any value of a closed schema; None if that is not sure.

    An item is an object. What is inside of it may also be text that holds JSON, which templates
    walk into, unless the schema says that it is an object.
    """
    for at, step in enumerate(steps):
        if not isinstance(schema, dict) or "$ref" in schema:
            return None  # up to draft 7, a $ref makes everything beside it void
        if at and schema.get("type") != "object":
            return None
        properties = schema.get("properties", {})
        if not isinstance(properties, dict):
            return None
        if str(step) in properties:
            schema = properties[str(step)]
            continue
        is_closed = schema.get("additionalProperties") is False
        return str(step) if is_closed and not schema.get("patternProperties") else None
    return None


def _refuse_threshold(grader: TextSimilarityGrader | ScoreModelGrader, param: str) -> None:
    low, high = range_of(grader) if isinstance(grader, ScoreModelGrader) else (0.0, 1.0)
    threshold = grader.pass_threshold
    if threshold is not None and not low <= threshold <= high:
        raise InvalidValue(
            f"The threshold of grader '{grader.name}' is {threshold:g}, and its scores are from "
            f"{low:g} to {high:g}: every row would come to the same verdict.",
            param=f"{param}.pass_threshold",
        )
