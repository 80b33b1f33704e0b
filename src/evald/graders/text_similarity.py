"""The `text_similarity` grader: how alike two filled texts are, by one of eleven metrics."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, assert_never

from pydantic import JsonValue

from evald.domain.conversation.reading import error_of
from evald.domain.template import Variables, fill
from evald.graders.grade import Fault, Grade, errored, scored
from evald.graders.similarity.bleu import bleu
from evald.graders.similarity.cosine import cosine
from evald.graders.similarity.fuzzy import fuzzy_match, is_quick
from evald.graders.similarity.gleu import gleu
from evald.graders.similarity.meteor import meteor
from evald.graders.similarity.rouge import rouge_l, rouge_n
from evald.graders.similarity.tokens import score_without_tokens
from evald.graders.tools import GraderTools
from evald.ports.apart import WorkerDied, WorkTooLong
from evald.ports.model import ModelFailure
from evald.wire.graders import SimilarityMetric, TextSimilarityGrader

MAX_CHARACTERS = 500_000
"""How long a text may be: beyond it, counting its n-grams takes hundreds of megabytes."""

QUICK_CHARACTERS = 4_000
"""Up to so many characters of both texts together, n-grams are counted where the call stands.

That takes up to 1 ms; the way to another process and back takes 0.4 ms (2026-11).
"""

NO_THRESHOLD = 1.0
"""The score that passes where none is given, as outside of evals it may be."""


_Counted = Literal["bleu", "gleu", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"]
_Compared = _Counted | Literal["fuzzy_match", "meteor"]


@dataclass(frozen=True, slots=True)
class _Texts:
    given: str
    wanted: str

    @property
    def characters(self) -> int:
        return len(self.given) + len(self.wanted)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What is to be computed, whether that is a matter of a moment, and how the result names it."""

    work: Callable[[], float]
    is_quick: bool
    details: dict[str, JsonValue]


async def grade_text_similarity(
    grader: TextSimilarityGrader, variables: Variables, tools: GraderTools
) -> Grade:
    """The similarity of the filled input to the filled reference, passing from the threshold on.

    Two empty texts are alike (1.0), and an empty one is like no other (0.0). The score is not
    rounded. What an operator can choose stands in the result as `similarity`. Errored where a text
    is too long, where comparing takes too long, and where there is no embedding.

    Raises:
        UnknownVariable: a template names a variable that is not there.
    Source: OpenAI, "Graders" guide, Text similarity; what it leaves open is written down with each
        metric.
    """
    texts = _Texts(fill(grader.input, variables), fill(grader.reference, variables))
    if max(len(texts.given), len(texts.wanted)) > MAX_CHARACTERS:
        return too_long(grader.name, texts.given, texts.wanted)
    graded = await _graded(grader.evaluation_metric, texts, tools)
    if graded.error is not None:
        return graded
    threshold = NO_THRESHOLD if grader.pass_threshold is None else grader.pass_threshold
    return replace(graded, passed=scored(graded.score, threshold=threshold).passed)


def too_long(name: str, given: str, wanted: str) -> Grade:
    """The errored grade of the criterion of this name, for texts that are not compared."""
    longest = max(len(given), len(wanted))
    return errored(
        "text_too_long",
        f"A text of {longest} characters was to be compared in criterion '{name}'; at most "
        f"{MAX_CHARACTERS} are.",
    )


async def _graded(metric: SimilarityMetric, texts: _Texts, tools: GraderTools) -> Grade:
    """The grade but for whether it passed."""
    if metric == "cosine":
        return await _cosine(texts, tools)
    comparison = _comparison(metric, texts, tools)
    try:
        if comparison.is_quick:
            score = comparison.work()
        else:
            score = await tools.similarity.apart.run(comparison.work, deadline=tools.deadline)
    except WorkTooLong as late:
        return errored("similarity_timeout", _unfinished(metric, texts, late))
    except WorkerDied as died:
        return errored("similarity_died", _unfinished(metric, texts, died))
    return Grade(score, passed=False, details=comparison.details)


def _unfinished(metric: SimilarityMetric, texts: _Texts, problem: Exception) -> str:
    sizes = f"{len(texts.given)} and {len(texts.wanted)} characters"
    return f"The {metric} of texts of {sizes} was not worked out: {problem}."


def _comparison(metric: _Compared, texts: _Texts, tools: GraderTools) -> _Comparison:
    if metric == "fuzzy_match":
        choice = tools.defaults.fuzzy_match
        return _Comparison(
            partial(fuzzy_match, texts.given, texts.wanted, choice=choice),
            is_quick(choice, len(texts.given), len(texts.wanted)),
            {"similarity": {"function": choice.function, "processor": choice.processor}},
        )
    if metric == "meteor":
        # Always elsewhere: there its table of synonyms is read, and never here.
        synonyms = tools.similarity.synonyms
        work = partial(meteor, texts.given, texts.wanted, synonyms=synonyms)
        return _Comparison(work, is_quick=False, details={})
    counted = partial(_counting(metric), texts.given, texts.wanted)
    return _Comparison(counted, is_quick=texts.characters <= QUICK_CHARACTERS, details={})


def _counting(metric: _Counted) -> Callable[[str, str], float]:
    """The function of a metric that needs nothing but both texts."""
    match metric:
        case "bleu":
            return bleu
        case "gleu":
            return gleu
        case "rouge_1":
            return partial(rouge_n, n=1)
        case "rouge_2":
            return partial(rouge_n, n=2)
        case "rouge_3":
            return partial(rouge_n, n=3)
        case "rouge_4":
            return partial(rouge_n, n=4)
        case "rouge_5":
            return partial(rouge_n, n=5)
        case "rouge_l":
            return rouge_l
        case _:
            assert_never(metric)


async def _cosine(texts: _Texts, tools: GraderTools) -> Grade:
    """Asks for no embedding where the texts are the same, or one of them is empty."""
    embedder = tools.similarity.embedder
    details: dict[str, JsonValue] = {"similarity": {"model": embedder.model}}
    given, wanted = texts.given, texts.wanted
    if given == wanted or not given.strip() or not wanted.strip():
        return Grade(score_without_tokens(given, wanted), passed=False, details=details)
    answer = await embedder.embed([given, wanted], deadline=tools.deadline)
    if isinstance(answer, ModelFailure):
        return replace(_errored_by(answer), details=details)
    one, other = answer.vectors
    if len(one) != len(other):
        sizes = f"{len(one)} and {len(other)}"
        message = f"The embeddings have different numbers of dimensions: {sizes}."
        return errored("malformed_answer", message, fault=Fault.MODEL_SERVER)
    return Grade(cosine(one, other), passed=False, usage=answer.usage, details=details)


def _errored_by(failure: ModelFailure) -> Grade:
    error = error_of(failure.code, failure.message)
    return errored(error.code, error.message, fault=Fault.MODEL_SERVER)
