from evald.adapters.models.metered import Calls, MeteredModel
from evald.adapters.models.scripted import ScriptedModel
from evald.ports.model import FailureKind, ModelFailure, ModelRequest
from tests.support.virtual_time import LoopClock, run_in_virtual_time


def test_calls_failures_and_seconds_are_counted_by_model() -> None:
    failure = ModelFailure(FailureKind.BROKEN, "connection_broken", "Gone.")

    async def ask() -> dict[str, Calls]:
        clock = LoopClock()
        client = MeteredModel(ScriptedModel(["a", failure, "b"], clock, latency_s=2.0), clock)
        for model in ("one", "one", "other"):
            await client.ask(ModelRequest("chat_completions", model, {}, 100.0))
        return client.calls

    assert run_in_virtual_time(ask()) == {
        "one": Calls(ended=2, failed=1, seconds=4.0),
        "other": Calls(ended=1, failed=0, seconds=2.0),
    }
