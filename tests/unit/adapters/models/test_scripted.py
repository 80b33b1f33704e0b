from typing import Any

from evald.adapters.models.scripted import Script, ScriptedModel
from evald.ports.model import AnyApi, FailureKind, ModelAnswer, ModelFailure, ModelRequest
from tests.support.virtual_time import EPOCH, LoopClock, run_in_virtual_time

Outcome = ModelAnswer | ModelFailure


def outcomes(
    script: Script, calls: int, *, api: AnyApi = "chat_completions", latency_s: float = 0.0
) -> list[Outcome]:
    async def ask() -> list[Outcome]:
        client = ScriptedModel(script, LoopClock(), latency_s=latency_s)
        return [await client.ask(ModelRequest(api, "m", {}, 10.0)) for _ in range(calls)]

    return run_in_virtual_time(ask())


def test_lines_come_in_their_order_and_then_come_to_an_end() -> None:
    answer = ModelAnswer({"id": "1"}, 0.0)
    failure = ModelFailure(FailureKind.BROKEN, "connection_broken", "Gone.")

    said = outcomes([answer, failure], 3)

    assert said[:2] == [answer, failure]
    assert isinstance(said[2], ModelFailure)
    assert said[2].code == "script_ended"


def test_a_text_becomes_a_chat_completion() -> None:
    (answer,) = outcomes(["Hello."], 1, latency_s=2.0)

    assert isinstance(answer, ModelAnswer)
    body: dict[str, Any] = answer.body
    assert answer.seconds == 2.0
    assert (body["object"], body["model"], body["created"]) == ("chat.completion", "m", EPOCH + 2)
    assert body["choices"][0]["message"]["content"] == "Hello."
    assert body["usage"]["total_tokens"] == 0


def test_a_text_becomes_a_response_where_that_was_asked_for() -> None:
    (answer,) = outcomes(["Hello."], 1, api="responses")

    assert isinstance(answer, ModelAnswer)
    body: dict[str, Any] = answer.body
    assert (body["object"], body["status"], body["model"]) == ("response", "completed", "m")
    assert body["output"][0]["content"][0]["text"] == "Hello."


def test_a_text_becomes_a_vector_for_each_text_where_embeddings_were_asked_for() -> None:
    (answer,) = outcomes(["Hello."], 1, api="embeddings")

    assert isinstance(answer, ModelAnswer)
    body: dict[str, Any] = answer.body
    assert [entry["embedding"] for entry in body["data"]] == [[1.0]]


def test_a_function_knows_the_line_by_the_request() -> None:
    (answer,) = outcomes(lambda request: ModelAnswer({"to": request.model}, 0.0), 1)

    assert answer == ModelAnswer({"to": "m"}, 0.0)


def test_a_line_that_would_come_too_late_is_a_timeout() -> None:
    said = outcomes(["Hello."] * 4, 4, latency_s=4.0)

    kinds = [each.kind if isinstance(each, ModelFailure) else "answer" for each in said]
    assert kinds == ["answer", "answer", FailureKind.TIMEOUT, FailureKind.TIMEOUT]
