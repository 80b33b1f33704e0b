"""The `label_model` grader: a model chooses one of the labels, and some of them pass."""

from evald.domain.template import Variables, render
from evald.graders.grade import FAIL, PASS, Fault, Grade
from evald.graders.model_call import SHOWN_TEXT, NoVerdict, grade_by_model, unparsable
from evald.graders.structured import result_in
from evald.graders.tools import GraderTools
from evald.wire.graders import LabelModelGrader


async def grade_label_model(
    grader: LabelModelGrader, variables: Variables, tools: GraderTools
) -> Grade:
    """Score 1.0 if the model's label is among the passing ones, else 0.0.

    Labels are compared character for character. One outside of `labels`, which can only come from
    a provider that does not see to the schema, is asked for once more and then an error.

    Raises:
        UnknownVariable: a message names what is not there.
    Source: OpenAI, "Graders" guide, Label model; the scores are ours.
    """
    return await grade_by_model(
        grader, variables, tools=tools, read=lambda text: _grade(grader, text)
    )


def _grade(grader: LabelModelGrader, text: str) -> Grade | NoVerdict:
    label = _label(grader, text)
    if label is None:
        return unparsable(grader)
    if label not in grader.labels:
        return NoVerdict(
            "label_unknown",
            f"Model '{grader.model}' chose '{label[:SHOWN_TEXT]}' for criterion '{grader.name}', "
            "which is none of its labels.",
            Fault.MODEL_PARSE,
        )
    return PASS if label in grader.passing_labels else FAIL


def _label(grader: LabelModelGrader, text: str) -> str | None:
    bare = text.strip()
    if bare in grader.labels:
        return bare
    found = result_in(text)
    # A label such as "3" may come back as a number.
    return None if found is None else render(found.result)
