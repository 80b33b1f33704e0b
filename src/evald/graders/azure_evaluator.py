"""The `azure_ai_evaluator` grader: those of Azure's built-in evaluators that need no Azure."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never, get_args

from pydantic import JsonValue

from evald.domain.template import Variables, fill
from evald.graders.grade import Grade, scored
from evald.graders.similarity.f1 import f1
from evald.graders.text_similarity import MAX_CHARACTERS, grade_text_similarity, too_long
from evald.graders.tools import GraderTools
from evald.wire.graders import AzureEvaluatorGrader, SimilarityMetric, TextSimilarityGrader

Builtin = Literal[
    "builtin.f1_score",
    "builtin.bleu_score",
    "builtin.gleu_score",
    "builtin.rouge_score",
    "builtin.meteor_score",
]
BUILTINS: tuple[Builtin, ...] = get_args(Builtin)
GIVEN, WANTED = "response", "ground_truth"
"""What a `data_mapping` must name: the text that is judged, and the one it is compared with."""

DEFAULT_THRESHOLD = 0.5
"""From which score on it passes where nothing is said. Source: Azure's evaluators of text."""

_ROUGE: dict[JsonValue, SimilarityMetric] = {
    "rouge1": "rouge_1",
    "rouge2": "rouge_2",
    "rouge3": "rouge_3",
    "rouge4": "rouge_4",
    "rouge5": "rouge_5",
    "rougeL": "rouge_l",
}
ROUGE_TYPES = tuple(map(str, _ROUGE))


class EvaluatorUnusable(Exception):
    """The evaluator cannot grade here; `field` is where it is wrong, the message says what."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an evaluator compares: two templates, by a metric of ours (None: F1), from where on."""

    given: str
    wanted: str
    metric: SimilarityMetric | None
    threshold: float


def comparison_of(grader: AzureEvaluatorGrader) -> Comparison:
    """What this evaluator compares.

    Raises:
        EvaluatorUnusable: it needs a service of Azure's, or lacks what it compares.
    Source: documented by Azure (names, `data_mapping`, `initialization_parameters`).
    """
    if grader.evaluator_name not in BUILTINS:
        raise EvaluatorUnusable(
            "evaluator_name",
            f"'{grader.evaluator_name[:100]}' needs a service of Azure's; the nearest here is a "
            f"'score_model' or 'label_model' grader with a prompt of yours. Without Azure work "
            f"{', '.join(BUILTINS)}",
        )
    given, wanted = (grader.data_mapping.get(each) for each in (GIVEN, WANTED))
    if given is None or wanted is None:
        raise EvaluatorUnusable("data_mapping", f"must name '{GIVEN}' and '{WANTED}'")
    parameters = grader.initialization_parameters or {}
    metric = _metric(grader.evaluator_name, parameters)
    return Comparison(given, wanted, metric, _threshold(parameters))


async def grade_azure_evaluator(
    grader: AzureEvaluatorGrader, variables: Variables, tools: GraderTools
) -> Grade:
    """The score of the evaluator's metric, with Azure's fields beside ours in the result.

    Raises:
        UnknownVariable: a template names a variable that is not there.
    """
    wanted = comparison_of(grader)
    graded = await _graded(grader, wanted, variables, tools)
    if graded.error is not None:
        return graded
    details: dict[str, JsonValue] = {
        "type": grader.type,
        "metric": grader.evaluator_name.removeprefix("builtin."),
        "label": "pass" if graded.passed else "fail",
        "reason": None,
        "threshold": wanted.threshold,
    }
    return replace(graded, details={**graded.details, **details})


async def _graded(
    grader: AzureEvaluatorGrader, compared: Comparison, variables: Variables, tools: GraderTools
) -> Grade:
    if compared.metric is None:
        given, wanted = fill(compared.given, variables), fill(compared.wanted, variables)
        if max(len(given), len(wanted)) > MAX_CHARACTERS:
            return too_long(grader.name, given, wanted)
        return scored(f1(given, wanted), threshold=compared.threshold)
    ours = TextSimilarityGrader(
        type="text_similarity",
        name=grader.name,
        input=compared.given,
        reference=compared.wanted,
        evaluation_metric=compared.metric,
        pass_threshold=compared.threshold,
    )
    return await grade_text_similarity(ours, variables, tools)


def _metric(name: Builtin, parameters: dict[str, JsonValue]) -> SimilarityMetric | None:
    match name:
        case "builtin.f1_score":
            return None
        case "builtin.bleu_score":
            return "bleu"
        case "builtin.gleu_score":
            return "gleu"
        case "builtin.meteor_score":
            return "meteor"
        case "builtin.rouge_score":
            return _rouge(parameters.get("rouge_type", "rougeL"))
        case _:
            assert_never(name)


def _rouge(given: JsonValue) -> SimilarityMetric:
    if not isinstance(given, str) or given not in _ROUGE:
        raise EvaluatorUnusable(
            "initialization_parameters.rouge_type", f"must be one of {', '.join(ROUGE_TYPES)}"
        )
    return _ROUGE[given]


def _threshold(parameters: dict[str, JsonValue]) -> float:
    """The threshold; that of the F1 where one stands for each of precision, recall and F1."""
    found = parameters.get("threshold", parameters.get("f1_score_threshold", DEFAULT_THRESHOLD))
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise EvaluatorUnusable(
            "initialization_parameters.threshold", "must be a number from 0 to 1"
        )
    return float(found)
