"""Asking a model for one row; the only place from which samples are asked for."""

from pydantic import JsonValue

from evald.domain.conversation.messages import MessagesUnusable
from evald.domain.conversation.reading import error_of
from evald.domain.sample import Sample
from evald.domain.template import UnknownVariable
from evald.ports.model import ModelAnswer, ModelClient
from evald.sampling.answer import sample_of_answer, sample_of_error, sample_of_failure
from evald.sampling.request import RequestPlan


async def sample_row(
    plan: RequestPlan, item: JsonValue, *, model: ModelClient, deadline: float
) -> Sample:
    """The sample of one row: the model's answer, or why there is none.

    A row from which no request can be made is an errored sample, and nobody is asked.

    Args:
        plan: the run's plan.
        item: the row's `item`.
        model: whom to ask.
        deadline: a moment of the monotonic clock, in seconds, after which nobody wants the answer.
    """
    try:
        request = plan.request(item, deadline=deadline)
    except UnknownVariable as unknown:
        message = f"The variable '{unknown.name}' in the input messages is not there."
        error = error_of("invalid_template_variable", message)
        return sample_of_error(plan.unsent(deadline=deadline), error)
    except MessagesUnusable as unusable:
        error = error_of("invalid_input_messages", str(unusable))
        return sample_of_error(plan.unsent(deadline=deadline), error)
    answer = await model.ask(request)
    if isinstance(answer, ModelAnswer):
        return sample_of_answer(request, answer)
    return sample_of_failure(request, answer)
