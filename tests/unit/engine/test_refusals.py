"""When first rows that are refused alike end a run."""

from dataclasses import replace

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import ScriptedModel
from evald.engine.refusals import ALIKE_CALLS, RefusalWatch, refuses_the_run
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from evald.wire.errors import ApiError

REQUEST = ModelRequest("chat_completions", "m", {}, deadline=1e12)
BAD_KEY = ModelFailure(FailureKind.REFUSED, "invalid_api_key", "Wrong key.", status=401)
NO_QUOTA = ModelFailure(FailureKind.REFUSED, "insufficient_quota", "Pay.", status=429)
BUSY = ModelFailure(FailureKind.REFUSED, "rate_limit_exceeded", "Slow down.", status=429)
ANSWER = ModelAnswer({}, 0.1)


async def verdict_after(*outcomes: ModelAnswer | ModelFailure, answered: bool = False) -> object:
    script = iter(outcomes)
    inner = ScriptedModel(lambda _: next(script), SystemClock())
    watch = RefusalWatch(inner, already_answered=answered)
    for _ in outcomes:
        await watch.ask(REQUEST)
    return watch.verdict()


async def test_twenty_rows_refused_alike_end_the_run_with_that_error() -> None:
    verdict = await verdict_after(*[BAD_KEY] * ALIKE_CALLS)

    assert verdict == ApiError(code="invalid_api_key", message="Wrong key.")


@pytest.mark.parametrize(
    "outcomes",
    [
        [BAD_KEY] * (ALIKE_CALLS - 1),
        [ANSWER, *[BAD_KEY] * 40],
        [BAD_KEY, ANSWER, *[BAD_KEY] * 40],
        [BAD_KEY, NO_QUOTA, *[BAD_KEY] * 40],
        [BUSY, *[BAD_KEY] * 40],
    ],
)
async def test_other_beginnings_do_not(outcomes: list[ModelAnswer | ModelFailure]) -> None:
    assert await verdict_after(*outcomes) is None


async def test_each_model_has_a_beginning_of_its_own() -> None:
    """The model of a grader may be refused while the sampled one answers, and the other way."""

    def say(request: ModelRequest) -> ModelAnswer | ModelFailure:
        return ANSWER if request.model == "m" else BAD_KEY

    watch = RefusalWatch(ScriptedModel(say, SystemClock()), already_answered=False)
    for _ in range(ALIKE_CALLS):
        assert watch.verdict() is None
        await watch.ask(REQUEST)
        await watch.ask(replace(REQUEST, model="grader"))

    assert watch.verdict() == ApiError(code="invalid_api_key", message="Wrong key.")


async def test_a_run_that_was_answered_before_a_restart_is_not_ended() -> None:
    assert await verdict_after(*[BAD_KEY] * 40, answered=True) is None


@pytest.mark.parametrize(
    ("failure", "refuses"),
    [
        (BAD_KEY, True),
        (NO_QUOTA, True),
        (BUSY, False),
        (ModelFailure(FailureKind.REFUSED, "model_not_found", "", status=404), True),
        (ModelFailure(FailureKind.REFUSED, "content_filter", "", status=400), False),
        (ModelFailure(FailureKind.UNSERVED, "provider_key_missing", ""), True),
        (ModelFailure(FailureKind.TIMEOUT, "timeout", ""), False),
    ],
)
def test_what_is_about_the_run_and_what_about_a_row(
    failure: ModelFailure, *, refuses: bool
) -> None:
    assert refuses_the_run(failure) == refuses
