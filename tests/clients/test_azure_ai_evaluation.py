"""`evaluate()` of azure-ai-evaluation with each of its graders, for OpenAI and for Azure OpenAI.

Documented by Microsoft: with `OpenAIModelConfiguration` the base URL is set as for OpenAI's client;
with `AzureOpenAIModelConfiguration` the endpoint is the server's address, and the calls go to
`/openai/…?api-version=…` with the `api-key` header.
"""

import json
from typing import Any

import pytest

from tests.clients.claims import shows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AZURE = ["azure-ai-evaluation"]


def metrics(told: str) -> list[dict[str, Any]]:
    """The metrics of all graders, with OpenAI's configuration and with Azure's."""
    return [
        {name: value for part in found for name, value in part["metrics"].items()}
        for found in json.loads(told.splitlines()[-1]).values()
    ]


def column(told: str, name: str) -> list[list[object]]:
    """A column of the rows that `evaluate()` returns, with either configuration."""
    return [
        [row[name] for row in part["rows"]]
        for found in json.loads(told.splitlines()[-1]).values()
        for part in found
        if name in part["rows"][0]
    ]


def columns(told: str, grader: str) -> list[tuple[list[object], list[object]]]:
    """What a grader gave the three rows: verdicts and scores, with either configuration."""
    verdicts = column(told, f"outputs.{grader}.{grader}_result")
    return list(zip(verdicts, column(told, f"outputs.{grader}.score"), strict=True))


@shows("evals.create", "evals.runs.create", "evals.runs.retrieve", by=AZURE)
def test_every_grader_has_a_run_of_its_own_which_completes(told: str) -> None:
    runs = [
        run["eval_run_id"]
        for found in json.loads(told.splitlines()[-1]).values()
        for part in found
        for run in part["oai_eval_run_ids"]
    ]

    assert len(set(runs)) == 12
    assert all(run.startswith("evalrun_") for run in runs)


@shows("evals.runs.output_items.list", by=AZURE)
def test_grades_stand_beside_the_rows_they_are_of(told: str) -> None:
    assert column(told, "inputs.query") == [["one", "two", "three"]] * 6
    assert column(told, "outputs.f1.f1_score_result") == [["pass", "fail", "pass"]] * 6


@shows("a run graded by string_check", by=AZURE)
def test_string_check_grades(told: str) -> None:
    once = (["pass", "fail", "pass"], [1.0, 0.0, 1.0])
    assert columns(told, "string_check") == [once, once]
    assert columns(told, "any") == [once, once]
    assert [each["any.pass_rate"] for each in metrics(told)] == [pytest.approx(2 / 3)] * 2


@shows("a run graded by text_similarity", by=AZURE)
def test_text_similarity_grades(told: str) -> None:
    for verdicts, scores in columns(told, "text_similarity"):
        assert verdicts == ["pass", "fail", "pass"]
        assert scores[0] == scores[2] == 1.0
    assert len(columns(told, "text_similarity")) == 2


@shows("a run graded by label_model", by=AZURE)
def test_label_model_grades(told: str) -> None:
    once = (["pass"] * 3, [1.0] * 3)
    assert columns(told, "label_model") == [once, once]


@shows("a run graded by score_model", by=AZURE)
def test_score_model_grades(told: str) -> None:
    once = (["pass"] * 3, [1.0] * 3)
    assert columns(told, "score_model") == [once, once]
    samples = column(told, "outputs.score_model.sample")
    assert all(sample["temperature"] == 0.0 for rows in samples for sample in rows)  # type: ignore[index]


@shows("a run graded by python", by=AZURE)
def test_python_grades(told: str) -> None:
    once = (["pass", "fail", "pass"], [1.0, 0.0, 1.0])
    assert columns(told, "python") == [once, once]
