from typing import Any

import pytest

from evald.adapters.models.metered import MeteredModel, outcome_of
from evald.adapters.models.scripted import ScriptedModel
from evald.adapters.prometheus.exposition import Prometheus
from evald.adapters.prometheus.series import TimedSeries, TokenSeries
from evald.ports.model import FailureKind, ModelFailure, ModelRequest
from tests.support.virtual_time import LoopClock, run_in_virtual_time


def test_attempts_and_their_seconds_are_counted_by_outcome() -> None:
    metrics = Prometheus().metrics
    failure = ModelFailure(FailureKind.BROKEN, "connection_broken", "Gone.")

    async def ask() -> None:
        clock = LoopClock()
        inner = ScriptedModel(["a", failure, "b"], clock, latency_s=2.0)
        client = MeteredModel(inner, clock, metrics=metrics, provider="mine")
        for _ in range(3):
            await client.ask(ModelRequest("chat_completions", "m", {}, 100.0))

    run_in_virtual_time(ask())

    assert isinstance(metrics.model_calls, TimedSeries)
    told = {labels: (sum(t.counts), t.sum_s) for labels, t in metrics.model_calls.values()}
    assert told == {("mine", "answered"): (2, 4.0), ("mine", "broken"): (1, 2.0)}


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 4},
            },
            [9, 4, 2],
        ),
        (
            {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}},
            [9, 4, 2],
        ),
        ({"prompt_tokens": 9, "total_tokens": 9}, [9, 0, 0]),
        ({"prompt_tokens": "9", "completion_tokens": True, "prompt_tokens_details": []}, [0, 0, 0]),
    ],
)
def test_tokens_are_counted_in_the_words_of_either_api(usage: Any, counted: list[int]) -> None:
    metrics = Prometheus().metrics
    clock = LoopClock()
    client = MeteredModel(ScriptedModel([], clock), clock, metrics=metrics)

    client.note_tokens("m", usage)

    assert isinstance(metrics.tokens, TokenSeries)
    assert [value for _, value in metrics.tokens.values()] == counted


@pytest.mark.parametrize(
    ("kind", "status", "name"),
    [
        (FailureKind.REFUSED, 429, "rate_limited"),
        (FailureKind.REFUSED, 400, "refused"),
        (FailureKind.TIMEOUT, None, "timeout"),
        (FailureKind.UNREACHABLE, None, "unreachable"),
    ],
)
def test_a_429_is_told_apart_from_other_refusals(
    kind: FailureKind, status: int | None, name: str
) -> None:
    assert outcome_of(ModelFailure(kind, "c", "M.", status=status)) == name
