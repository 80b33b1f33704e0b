"""What `azure.ai.evaluation.evaluate()` makes of each grader of its own that asks the Evals API.

`python azure_ai_evaluation.py FLAKY_URL`: OPENAI_BASE_URL and OPENAI_API_KEY say where the server
is. It prints one line of JSON. `evaluate()` waits 4.5 s before its first look at each run, so the
evaluations are waited for side by side.
"""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from azure.ai.evaluation import (
    AzureOpenAIGrader,
    AzureOpenAILabelGrader,
    AzureOpenAIModelConfiguration,
    AzureOpenAIPythonGrader,
    AzureOpenAIScoreModelGrader,
    AzureOpenAIStringCheckGrader,
    AzureOpenAITextSimilarityGrader,
    F1ScoreEvaluator,
    OpenAIModelConfiguration,
    evaluate,
)

BASE_URL = os.environ["OPENAI_BASE_URL"]
API_KEY = os.environ["OPENAI_API_KEY"]
ROWS = [
    {"query": "one", "response": "the first answer", "ground_truth": "the first answer"},
    {"query": "two", "response": "the second answer", "ground_truth": "something else"},
    {"query": "three", "response": "the third answer", "ground_truth": "the third answer"},
]
CONFIGURATIONS: dict[str, Any] = {
    "openai": OpenAIModelConfiguration(
        type="openai", model="mock-model", base_url=BASE_URL, api_key=API_KEY
    ),
    "azure": AzureOpenAIModelConfiguration(
        type="azure_openai",
        azure_endpoint=BASE_URL.removesuffix("/v1"),
        azure_deployment="mock-model",
        api_key=API_KEY,
    ),
}
COMPARED = {"input": "{{item.response}}", "reference": "{{item.ground_truth}}"}
GRADERS: dict[str, Callable[[Any], Any]] = {
    "string_check": lambda where: AzureOpenAIStringCheckGrader(
        model_config=where, name="same", operation="eq", **COMPARED
    ),
    "text_similarity": lambda where: AzureOpenAITextSimilarityGrader(
        model_config=where,
        name="alike",
        evaluation_metric="fuzzy_match",
        pass_threshold=0.9,
        **COMPARED,
    ),
    "label_model": lambda where: AzureOpenAILabelGrader(
        model_config=where,
        name="label",
        model="mock-model",
        input=[{"role": "user", "content": "Label: {{item.response}}"}],
        labels=["good", "bad"],
        passing_labels=["good"],
    ),
    "score_model": lambda where: AzureOpenAIScoreModelGrader(
        model_config=where,
        name="score",
        model="mock-model",
        input=[{"role": "user", "content": "Score: {{item.response}}"}],
        range=[0.0, 1.0],
        sampling_params={"temperature": 0.0},
    ),
    "python": lambda where: AzureOpenAIPythonGrader(
        model_config=where,
        name="code",
        image_tag="2025-05-08",
        pass_threshold=0.5,
        source="def grade(sample, item):\n    return float(item['query'] != 'two')\n",
    ),
    "any": lambda where: AzureOpenAIGrader(
        model_config=where,
        grader_config={"type": "string_check", "name": "any", "operation": "like", **COMPARED},
    ),
}


def evaluated(path: Path, where: str, names: tuple[str, ...]) -> Any:
    """What `evaluate()` returns for these graders, and an evaluator of its own beside them."""
    graders = {name: GRADERS[name](CONFIGURATIONS[where]) for name in names}
    return evaluate(data=str(path), evaluators={**graders, "f1": F1ScoreEvaluator()})


def all_told(path: Path) -> dict[str, Any]:
    """By configuration, the metrics and rows of all graders."""
    pairs = [("string_check", "text_similarity"), ("label_model", "score_model"), ("python", "any")]
    told: dict[str, Any] = {}
    with ThreadPoolExecutor() as pool:
        for where in CONFIGURATIONS:
            told[where] = [pool.submit(evaluated, path, where, pair) for pair in pairs]
        return {where: [each.result() for each in waiting] for where, waiting in told.items()}


if __name__ == "__main__":
    file = Path("rows.jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    print("\n" + json.dumps(all_told(file), default=str))
