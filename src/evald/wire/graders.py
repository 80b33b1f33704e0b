"""The six graders, as they cross HTTP."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, JsonValue, Tag

from evald.wire.base import WireModel
from evald.wire.messages import EvalItem

StringOperation = Literal["eq", "ne", "like", "ilike"]
SimilarityMetric = Literal[
    "cosine",
    "fuzzy_match",
    "bleu",
    "gleu",
    "meteor",
    "rouge_1",
    "rouge_2",
    "rouge_3",
    "rouge_4",
    "rouge_5",
    "rouge_l",
]
Name = Annotated[str, Field(min_length=1)]

MAX_GRADERS = 1_000
"""An eval has so many criteria at most, and a `multi` so many graders. Source: ours.

No limit is documented; a list of 100,000 held the server for many seconds.
"""


class StringCheckGrader(WireModel):
    """Compares two strings. Both may hold `{{ item.x }}` or `{{ sample.y }}`."""

    type: Literal["string_check"]
    name: Name
    input: str
    reference: str
    operation: StringOperation


class TextSimilarityGrader(WireModel):
    """Says how alike two texts are, by one of eleven metrics."""

    type: Literal["text_similarity"]
    name: Name
    input: str
    reference: str
    evaluation_metric: SimilarityMetric
    pass_threshold: float | None = None


class LabelModelGrader(WireModel):
    """Has a model choose a label; some labels pass."""

    type: Literal["label_model"]
    name: Name
    model: str
    input: list[EvalItem]
    labels: list[str]
    passing_labels: list[str]
    sampling_params: dict[str, JsonValue] | None = None


class ScoreModelGrader(WireModel):
    """Has a model give a number within `range`."""

    type: Literal["score_model"]
    name: Name
    model: str
    input: list[EvalItem]
    range: list[float] | None = Field(default=None, min_length=2, max_length=2)
    pass_threshold: float | None = None
    sampling_params: dict[str, JsonValue] | None = None


class PythonGrader(WireModel):
    """Runs `grade(sample, item)` of the given source in a sandbox."""

    type: Literal["python"]
    name: Name
    source: str
    image_tag: str | None = None
    pass_threshold: float | None = None


SubGrader = Annotated[
    StringCheckGrader | TextSimilarityGrader | LabelModelGrader | ScoreModelGrader | PythonGrader,
    Field(discriminator="type"),
]
"""What a `multi` grader may be made of: any grader but another `multi`.

Source: OpenAI, "Graders" guide (no nesting); its OpenAPI document (which members there are).
"""


def _form_of(graders: object) -> str:
    """In which of the three documented forms sub-graders are given.

    A map has objects for values, also under the name `type`, and a grader has text there.
    """
    if isinstance(graders, list):
        return "(list)"
    kind = graders.get("type") if isinstance(graders, dict) else getattr(graders, "type", None)
    return "(one)" if isinstance(kind, str) else "(map)"


class MultiGrader(WireModel):
    """Combines the scores of other graders by a formula.

    Source: the guide has a map, the OpenAPI document's schema one grader, its example a list.
    """

    type: Literal["multi"]
    name: Name
    # Tags as no key and no type is spelled: where something is wrong, they stand in its path.
    graders: Annotated[
        Annotated[dict[str, SubGrader], Field(max_length=MAX_GRADERS), Tag("(map)")]
        | Annotated[list[SubGrader], Field(max_length=MAX_GRADERS), Tag("(list)")]
        | Annotated[SubGrader, Tag("(one)")],
        Discriminator(_form_of),
    ]
    calculate_output: str
    pass_threshold: float | None = None


class AzureEvaluatorGrader(WireModel):
    """One of Azure's built-in evaluators; `data_mapping` holds its templates by their names.

    Source: documented by Azure.
    """

    type: Literal["azure_ai_evaluator"]
    name: Name
    evaluator_name: str
    evaluator_version: str | None = None
    initialization_parameters: dict[str, JsonValue] | None = None
    data_mapping: dict[str, str] = Field(default_factory=dict)


Grader = Annotated[
    StringCheckGrader
    | TextSimilarityGrader
    | LabelModelGrader
    | ScoreModelGrader
    | PythonGrader
    | MultiGrader
    | AzureEvaluatorGrader,
    Field(discriminator="type"),
]
