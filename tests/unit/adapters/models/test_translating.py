"""Responses of providers that do not speak that API, as runs ask for them. Rests on: ours."""

from typing import Any

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.models.provider import Provider
from evald.adapters.models.scripted import Line, ScriptedModel
from evald.adapters.models.translating import TranslatingModel
from evald.ports.model import AnyApi, FailureKind, ModelAnswer, ModelFailure, ModelRequest
from evald.ports.relay import ResponsesSupport

CLOCK = SystemClock()
ASK: dict[str, Any] = {"model": "m", "input": "Hi"}
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


async def asked(
    support: ResponsesSupport,
    body: dict[str, Any],
    *,
    line: Line = "Hello",
    api: AnyApi = "responses",
) -> tuple[ModelAnswer | ModelFailure, list[ModelRequest]]:
    """What comes of a request, and what the provider itself was asked."""
    scripted = ScriptedModel([line], CLOCK)
    provider = Provider(name="toy", base_url="http://toy.test", responses=support)
    request = ModelRequest(api, "m", body, CLOCK.monotonic() + 30, retry_until=7.0)
    return await TranslatingModel(scripted, provider, CLOCK).ask(request), scripted.asked


async def test_a_translating_provider_is_asked_for_a_chat_completion() -> None:
    outcome, sent = await asked("translate", ASK)

    assert [(each.api, each.body, each.retry_until) for each in sent] == [
        ("chat_completions", CHAT, 7.0)
    ]
    assert isinstance(outcome, ModelAnswer)
    assert outcome.body["object"] == "response"
    output: Any = outcome.body["output"]
    assert output[0]["content"][0]["text"] == "Hello"


async def test_its_failure_is_passed_on_as_it_is() -> None:
    failure = ModelFailure(FailureKind.REFUSED, "rate_limit_exceeded", "Later.", status=429)

    outcome, _ = await asked("translate", ASK, line=failure)

    assert outcome is failure


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**ASK, "tools": [{"type": "web_search"}]}, "unsupported_parameter"),
        ({**ASK, "input": 5}, "invalid_type"),
    ],
)
async def test_what_cannot_be_translated_fails_by_name_and_nobody_is_asked(
    body: dict[str, Any], code: str
) -> None:
    outcome, sent = await asked("translate", body)

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code, sent) == (FailureKind.UNSERVED, code, [])


async def test_a_provider_without_responses_is_not_asked_for_one() -> None:
    outcome, sent = await asked("none", ASK)

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code, sent) == (FailureKind.UNSERVED, "unsupported_api", [])
    assert "'toy'" in outcome.message


@pytest.mark.parametrize(
    ("support", "api", "body"),
    [
        ("native", "responses", ASK),
        ("translate", "chat_completions", CHAT),
        ("none", "chat_completions", CHAT),
    ],
)
async def test_everything_else_passes_through(
    support: ResponsesSupport, api: AnyApi, body: dict[str, Any]
) -> None:
    _, sent = await asked(support, body, api=api)

    assert [(each.api, each.body) for each in sent] == [(api, body)]
