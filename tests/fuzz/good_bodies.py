"""Bodies that are right as they stand, of every kind of eval, run and grader."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fuzz.wire_values import FILE
from tests.wire.bodies import (
    an_eval,
    completions,
    free_eval,
    in_file,
    inline,
    jsonl,
    responses,
    row,
    said,
    string_check,
)

_ASKED = [{"role": "user", "content": "a"}]
_MESSAGES = [{"role": "user", "content": "{{ item.prompt }} {{ sample.output_text }}"}]
_ASKED = [{"role": "user", "content": "a"}]
_LOGGED = {
    "type": "responses",
    "model": "m",
    "instructions_search": "a",
    "created_after": 1,
    "created_before": 2_000_000_000,
    "temperature": 0.5,
    "users": ["u"],
    "tools": ["t"],
}
_SIMILAR = {"type": "text_similarity", "name": "t", "input": "a b", "reference": "a c"}
_LABEL = {
    "type": "label_model",
    "name": "l",
    "model": "mock-model",
    "input": _MESSAGES,
    "labels": ["good", "bad"],
    "passing_labels": ["good"],
}
_SCORE = {"type": "score_model", "name": "s", "model": "mock-model", "input": _MESSAGES}
_PYTHON = {"type": "python", "name": "p", "source": "def grade(sample, item):\n    return 1.0"}
_MULTI = {
    "type": "multi",
    "name": "m",
    "graders": {"a": string_check("a"), "b": {**_SIMILAR, "evaluation_metric": "fuzzy_match"}},
    "calculate_output": "(a + b) / 2",
}
_GRADERS: list[dict[str, Any]] = [
    string_check(),
    string_check(operation="like"),
    *[
        {**_SIMILAR, "evaluation_metric": metric, "pass_threshold": 0.5}
        for metric in ("bleu", "meteor", "rouge_l", "cosine")
    ],
    _LABEL,
    _SCORE,
    _PYTHON,
    _MULTI,
]
_ROWS = inline([row("a"), row("b", "c")])
_SAID = inline([said("a", prompt="a", expected="a"), said("b", prompt="b", expected="x")])

GOOD: Mapping[str, Sequence[Any]] = {
    "createEval": [
        *[an_eval(grader) for grader in _GRADERS],
        free_eval(*_GRADERS),
        an_eval(metadata={"a": "b"}, data_source_config={"type": "logs"}),
    ],
    "updateEval": [{"name": "another"}, {"metadata": {"a": "b"}}, {"name": None}, {}],
    "createEvalRun": [
        {"data_source": source, "name": "r", "metadata": {"a": "b"}}
        for source in (
            jsonl(_SAID),
            jsonl(in_file(FILE)),
            {"type": "csv", "source": in_file(FILE)},
            completions(_ROWS),
            completions({"type": "stored_completions", "metadata": {"a": "b"}, "limit": 5}),
            responses(_LOGGED, model=None, input_messages=None),
            responses(_ROWS, sampling_params={"temperature": 0.5, "max_completion_tokens": 9}),
        )
    ],
    "regradeRun": [{"testing_criteria": [grader], "name": "r"} for grader in _GRADERS],
    "runGrader": [
        {"grader": grader, "model_sample": "a", "item": {"prompt": "a", "expected": "a"}}
        for grader in _GRADERS
    ],
    "createChatCompletion": [
        {"model": "mock-model", "messages": _ASKED},
        {"model": "mock-model", "messages": _ASKED, "store": True, "metadata": {"a": "b"}},
        {"model": "mock-model", "messages": _ASKED, "store": True, "seed": 1, "tools": []},
    ],
    "updateChatCompletion": [{"metadata": {"a": "b"}}, {"metadata": None}],
    "createCompletion": [{"model": "mock-model", "prompt": "a"}],
    "createEmbedding": [{"model": "mock-model", "input": ["a"]}],
    "createModeration": [{"input": "a"}, {"model": "mock-model", "input": "a"}],
    "validateGrader": [{"grader": grader} for grader in _GRADERS],
    "createResponse": [
        {"model": model, "input": asked, "metadata": {"a": "b"}, "temperature": 1}
        for model in ("mock-model", "translated")
        for asked in (
            "a",
            _ASKED,
            [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}],
        )
    ],
    "createWebhook": [{"url": "https://hooks.invalid/x", "events": ["eval.run.failed"]}],
}
"""By operation."""

_CHOICE = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
_COMPLETION = {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [_CHOICE]}
_SPAN = {
    "traceId": "a",
    "spanId": "b",
    "startTimeUnixNano": "1700000000000000000",
    "attributes": [
        {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
        {"key": "gen_ai.prompt.0.content", "value": {"stringValue": "a"}},
        {"key": "gen_ai.output.messages", "value": {"stringValue": '[{"parts":[]}]'}},
        {"key": "evald.metadata.a", "value": {"intValue": "1"}},
    ],
}

LOGS: Sequence[Any] = [
    _COMPLETION,
    {"request": {"messages": []}, "response": _COMPLETION, "metadata": {"a": "b"}},
    {"object": "response", "model": "m", "output": [], "temperature": 1, "user": "u"},
    {"object": "list", "data": [_COMPLETION]},
    {"resourceSpans": [{"scopeSpans": [{"spans": [_SPAN]}]}]},
]
"""Lines of logs to be imported."""
