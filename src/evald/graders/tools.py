"""What graders work with beside the row they judge."""

from dataclasses import dataclass, field

from evald.graders.call_plan import CallPlans
from evald.graders.similarity.choices import DEFAULT_FUZZY, FuzzyChoice
from evald.ports.apart import Apart
from evald.ports.cpu import Cpu
from evald.ports.embeddings import Embedder
from evald.ports.model import ModelClient
from evald.ports.sandbox import Sandbox
from evald.ports.synonyms import Synonyms


@dataclass(frozen=True, slots=True)
class GraderDefaults:
    """What holds for graders that do not say otherwise, as the operator has set it.

    `multi_threshold` and `python_threshold` are the scores from which on such graders
    pass. `score_model_threshold` is
    how far into its range the score of a `score_model` grader must be to pass, from 0.0 to 1.0.
    `fuzzy_match` is what that metric of `text_similarity` is.
    """

    multi_threshold: float = 0.5
    python_threshold: float = 0.5
    score_model_threshold: float = 0.5
    fuzzy_match: FuzzyChoice = DEFAULT_FUZZY


@dataclass(frozen=True, slots=True)
class SimilarityTools:
    """What `text_similarity` needs of the world: long texts are compared apart."""

    apart: Apart
    embedder: Embedder
    synonyms: Synonyms


@dataclass(frozen=True, slots=True)
class GraderTools:
    """The world as graders see it.

    `deadline` is a moment of the monotonic clock after which nobody wants the verdict any more.
    `call_plans` are those of all rows that are graded alike: a run's rows share them.
    """

    model: ModelClient
    cpu: Cpu
    similarity: SimilarityTools
    sandbox: Sandbox
    deadline: float
    defaults: GraderDefaults = GraderDefaults()
    call_plans: CallPlans = field(default_factory=CallPlans)
