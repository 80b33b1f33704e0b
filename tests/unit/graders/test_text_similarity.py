"""The grader around the metrics; what each metric says is tested with the metric."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain.tally import Usage
from evald.domain.template import UnknownVariable, Variables
from evald.graders.grade import Fault, Grade
from evald.graders.similarity.choices import FuzzyChoice
from evald.graders.text_similarity import (
    MAX_CHARACTERS,
    QUICK_CHARACTERS,
    grade_text_similarity,
)
from evald.graders.tools import GraderTools, SimilarityTools
from evald.ports.apart import WorkerDied, WorkTooLong
from evald.wire.graders import SimilarityMetric, TextSimilarityGrader
from tests.support.grading import grader_tools
from tests.support.similarity import ListedVectors, OnTheSpot
from tests.unit.graders.similarity.pairs import CAT

METRICS: tuple[SimilarityMetric, ...] = get_args(SimilarityMetric)
VECTORS = ListedVectors({CAT[0]: [3.0, 4.0], CAT[1]: [4.0, 3.0], "flat": [1.0]})


def a_grader(metric: SimilarityMetric, **changes: float | None) -> TextSimilarityGrader:
    return TextSimilarityGrader(
        type="text_similarity",
        name="Like",
        input="{{ sample.output_text }}",
        reference="{{ item.wanted }}",
        evaluation_metric=metric,
        **{"pass_threshold": 0.5, **changes},
    )


async def graded(
    metric: SimilarityMetric,
    texts: tuple[str, str],
    *,
    tools: GraderTools | None = None,
    threshold: float | None = 0.5,
) -> Grade:
    given_text, wanted = texts
    variables = Variables(item={"wanted": wanted}, sample={"output_text": given_text})
    grader = a_grader(metric, pass_threshold=threshold)
    return await grade_text_similarity(grader, variables, tools or grader_tools(embedder=VECTORS))


SCORES: list[tuple[SimilarityMetric, float]] = [
    ("cosine", 0.96),
    ("fuzzy_match", 0.9302),
    ("bleu", 0.0955),
    ("gleu", 0.2222),
    ("meteor", 0.8067),
    ("rouge_1", 0.8333),
    ("rouge_2", 0.6),
    ("rouge_3", 0.25),
    ("rouge_4", 0.0),
    ("rouge_5", 0.0),
    ("rouge_l", 0.8333),
]


def test_the_table_of_scores_has_every_metric() -> None:
    assert [metric for metric, _ in SCORES] == list(METRICS)


@pytest.mark.parametrize(("metric", "score"), SCORES)
async def test_every_metric_scores_and_passes_from_the_threshold_on(
    metric: SimilarityMetric, score: float
) -> None:
    """Reference values are computed by the usual libraries; the hosted service's are unknown."""
    grade = await graded(metric, CAT)

    assert grade.score == pytest.approx(score, abs=5e-5)
    assert grade.passed is (score >= 0.5)
    assert (grade.error, grade.fault) == (None, None)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("texts", "score"),
    [(("", ""), 1.0), (("", "Paris"), 0.0), (("Paris", ""), 0.0), ((" ", "\n"), 1.0)],
)
async def test_empty_texts_are_alike_and_like_no_other(
    metric: SimilarityMetric, texts: tuple[str, str], score: float
) -> None:
    """Ours; not documented."""
    embedder = ListedVectors({})

    grade = await graded(metric, texts, tools=grader_tools(embedder=embedder))

    assert (grade.score, grade.error) == (score, None)
    assert embedder.asked == []


@pytest.mark.parametrize(
    ("threshold", "passes"), [(0.96, True), (0.9600001, False), (0.0, True), (None, False)]
)
async def test_the_threshold_itself_passes(threshold: float | None, passes: bool) -> None:
    """Ours; without a threshold, as outside of evals, full marks are asked for."""
    assert (await graded("cosine", CAT, threshold=threshold)).passed is passes


async def test_a_text_is_at_full_marks_with_itself_without_asking_anybody() -> None:
    embedder = ListedVectors({})

    grade = await graded("cosine", ("a", "a"), tools=grader_tools(embedder=embedder))

    assert (grade.score, grade.usage, embedder.asked) == (1.0, {}, [])


async def test_cosine_names_its_model_and_what_it_cost() -> None:
    grade = await graded("cosine", CAT)

    assert grade.details == {"similarity": {"model": "listed"}}
    assert grade.usage == {"listed-1": Usage(invocations=1, prompt_tokens=2, total_tokens=2)}


async def test_without_an_embedding_there_is_no_verdict() -> None:
    """Inferred: a failed call is errored, not a score of 0 that fails."""
    grade = await graded("cosine", ("unlisted", "a"))

    assert (grade.score, grade.passed, grade.fault) == (0.0, False, Fault.MODEL_SERVER)
    assert grade.error is not None
    assert (grade.error.code, grade.error.message) == ("no_vector", "There is no such vector.")


async def test_vectors_of_different_lengths_are_no_verdict() -> None:
    grade = await graded("cosine", (CAT[0], "flat"))

    assert grade.error is not None
    assert grade.error.code == "malformed_answer"


async def test_fuzzy_match_is_what_was_chosen_and_says_so() -> None:
    tools = grader_tools()
    choice = FuzzyChoice("ratio", "none")
    tools = replace(tools, defaults=replace(tools.defaults, fuzzy_match=choice))

    grade = await graded("fuzzy_match", ("Paris", "The capital is Paris"), tools=tools)

    assert grade.score == pytest.approx(0.4)
    assert grade.details == {"similarity": {"function": "ratio", "processor": "none"}}


async def test_other_results_have_no_keys_beside_the_usual_ones() -> None:
    assert (await graded("bleu", CAT)).details == {}


@pytest.mark.parametrize("metric", [each for each in METRICS if each != "cosine"])
async def test_only_what_takes_long_is_computed_elsewhere(metric: SimilarityMetric) -> None:
    apart, tools = watched()
    long = "word " * (QUICK_CHARACTERS // 5)

    await graded(metric, CAT, tools=tools)
    short_ones = apart.done
    await graded(metric, (long, f"{long} once more {long[:5000]} {long}"), tools=tools)

    # METEOR's table of synonyms is never read here.
    assert short_ones == (metric == "meteor")
    assert apart.done == short_ones + 1


def watched() -> tuple[OnTheSpot, GraderTools]:
    apart, tools = OnTheSpot(), grader_tools()
    return apart, replace(tools, similarity=replace(tools.similarity, apart=apart))


@pytest.mark.parametrize("metric", METRICS)
async def test_a_text_that_is_too_long_is_not_compared(metric: SimilarityMetric) -> None:
    """Ours."""
    grade = await graded(metric, ("x", "x" * (MAX_CHARACTERS + 1)))

    assert grade.error is not None
    assert grade.error.code == "text_too_long"
    assert "500001 characters" in grade.error.message
    assert "'Like'" in grade.error.message
    assert "at most 500000" in grade.error.message


class Raising:
    """Fulfils `evald.ports.apart.Apart`, and never comes to an end."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    async def run(self, work: object, *, deadline: float) -> float:
        raise self.problem


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (WorkTooLong("it was not done within 30 seconds"), "similarity_timeout"),
        (WorkerDied("its process ended"), "similarity_died"),
    ],
)
async def test_what_cannot_be_worked_out_is_no_verdict(problem: Exception, code: str) -> None:
    """Ours."""
    tools = grader_tools()
    similarity = SimilarityTools(
        apart=Raising(problem),  # type: ignore[arg-type]  # it returns nothing at all
        embedder=tools.similarity.embedder,
        synonyms=tools.similarity.synonyms,
    )

    grade = await graded("meteor", ("ab", "abc"), tools=replace(tools, similarity=similarity))

    assert grade.error is not None
    assert grade.error.code == code
    assert grade.error.message == (
        f"The meteor of texts of 2 and 3 characters was not worked out: {problem}."
    )


async def test_a_variable_that_is_not_there_is_named() -> None:
    variables = Variables(item={}, sample={"output_text": "a"})

    with pytest.raises(UnknownVariable, match=r"item\.wanted"):
        await grade_text_similarity(a_grader("bleu"), variables, grader_tools())


JSON_VALUES: st.SearchStrategy[JsonValue] = st.one_of(st.text(), st.integers(), st.none())


@given(JSON_VALUES, JSON_VALUES, st.sampled_from([m for m in METRICS if m != "cosine"]))
async def test_whatever_is_filled_in_scores_between_zero_and_one(
    one: JsonValue, other: JsonValue, metric: SimilarityMetric
) -> None:
    variables = Variables(item={"wanted": one}, sample={"output_text": other})

    grade = await grade_text_similarity(a_grader(metric), variables, grader_tools())

    assert grade.error is None
    assert 0.0 <= grade.score <= 1.0
