from typing import Any

from pydantic import TypeAdapter

from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from evald.sampling.request import RequestPlan, compile_request
from evald.sampling.sampler import sample_row
from evald.wire.data_sources import CompletionsDataSource

ANSWER = ModelAnswer(
    {
        "model": "gpt-test-2026-01-01",
        "choices": [{"index": 0, "message": {"content": "Hardware"}, "finish_reason": "stop"}],
    },
    seconds=0.1,
)


class OneAnswer:
    """A model that gives one answer to everything, and remembers what it was asked."""

    def __init__(self, answer: ModelAnswer | ModelFailure) -> None:
        self.answer = answer
        self.asked: list[ModelRequest] = []

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        self.asked.append(request)
        return self.answer


def a_plan(input_messages: Any) -> RequestPlan:
    source: Any = {
        "type": "completions",
        "source": {"type": "file_id", "id": "file-1"},
        "model": "gpt-test",
        "input_messages": input_messages,
        "sampling_params": {"seed": 7},
    }
    return compile_request(TypeAdapter(CompletionsDataSource).validate_python(source))


TEMPLATE = a_plan(
    {"type": "template", "template": [{"role": "user", "content": "{{ item.text }}"}]}
)
REFERENCE = a_plan({"type": "item_reference", "item_reference": "item.input"})


async def test_a_row_is_asked_once_and_its_answer_is_the_sample() -> None:
    model = OneAnswer(ANSWER)

    sample = await sample_row(TEMPLATE, {"text": "Help"}, model=model, deadline=9.0)

    assert [request.deadline for request in model.asked] == [9.0]
    assert sample.echo["input"] == [{"role": "user", "content": "Help"}]
    variables: Any = sample.variables
    assert variables["output_text"] == "Hardware"


async def test_a_failure_is_the_samples_error() -> None:
    model = OneAnswer(ModelFailure(FailureKind.TIMEOUT, "timeout", "No answer in time."))

    sample = await sample_row(TEMPLATE, {"text": "Help"}, model=model, deadline=9.0)

    assert sample.error is not None
    assert (sample.error.code, sample.error.message) == ("timeout", "No answer in time.")


async def test_a_row_without_what_the_template_names_is_an_error_and_nobody_is_asked() -> None:
    model = OneAnswer(ANSWER)

    sample = await sample_row(TEMPLATE, {"title": "Help"}, model=model, deadline=9.0)

    assert model.asked == []
    assert sample.error is not None
    assert sample.error.code == "invalid_template_variable"
    assert "'item.text'" in sample.error.message
    assert (sample.echo["input"], sample.echo["seed"]) == ([], 7)
    assert (sample.variables, sample.usage) == (None, {})


async def test_a_row_without_a_message_list_is_an_error_and_nobody_is_asked() -> None:
    model = OneAnswer(ANSWER)

    sample = await sample_row(REFERENCE, {"input": 5}, model=model, deadline=9.0)

    assert model.asked == []
    assert sample.error is not None
    assert sample.error.code == "invalid_input_messages"
    assert "'item.input'" in sample.error.message


async def test_a_row_that_no_utf_8_can_hold_is_an_error_like_another() -> None:
    odd: dict[str, Any] = {"input": [{"role": "user", "content": "x"}, {"type": "\ud800"}]}

    sample = await sample_row(REFERENCE, odd, model=OneAnswer(ANSWER), deadline=9.0)

    assert sample.error is not None
    assert "of type '?'" in sample.error.message
