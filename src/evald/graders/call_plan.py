"""A model grader compiled, once a run, into a plan that makes each row's request."""

from dataclasses import dataclass
from typing import assert_never

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.messages import chat_messages, message_list
from evald.domain.conversation.params import chat_params_of
from evald.domain.template import Variables, fill_all
from evald.graders.structured import OutputMode, instruction, response_format, result_schema
from evald.ports.model import ModelRequest
from evald.wire.graders import LabelModelGrader, ScoreModelGrader
from evald.wire.messages import EvalItem

ModelGrader = LabelModelGrader | ScoreModelGrader

MOST_PLANS = 256
"""So many graders of a run are kept compiled; it may have more, should they come anew each row."""


@dataclass(frozen=True, slots=True)
class CallPlan:
    """How a row becomes the call of a grader.

    `shape` are chat messages whose strings are templates. `fixed` is the body without messages and
    response format. Requests share their inner values; nobody changes them.
    """

    grader: ModelGrader
    shape: list[JsonValue]
    fixed: dict[str, JsonValue]
    schema: dict[str, JsonValue]
    schema_text: str

    def messages(self, variables: Variables) -> list[JsonValue]:
        """The messages for one row.

        Raises:
            UnknownVariable: one names what is not there.
        """
        return [fill_all(message, variables) for message in self.shape]

    def request(
        self, messages: list[JsonValue], mode: OutputMode, *, deadline: float
    ) -> ModelRequest:
        """The request with these messages.

        The messages go out as they are where the provider sees to the schema. Otherwise the model
        is told, in the first message if that is the system's: many providers take only one of
        those, and only there.

        Args:
            messages: those of one row.
            mode: by what means the answer is to be JSON.
            deadline: a moment of the monotonic clock, in seconds.
        """
        is_told = mode is not OutputMode.JSON_SCHEMA
        body: dict[str, JsonValue] = {
            **self.fixed,
            "messages": _told(messages, instruction(self.schema)) if is_told else messages,
            **response_format(self.schema, mode),
        }
        return ModelRequest("chat_completions", self.grader.model, body, deadline)


class CallPlans:
    """The plans of a run's model graders, and what their providers turned out to refuse.

    What is remembered is by model and schema, as a provider may refuse one schema and take
    another. It lasts as long as the run is in hand: a provider that has learned since is asked
    anew by the next run.
    """

    def __init__(self) -> None:
        self._plans: dict[int, CallPlan] = {}
        self._modes: dict[tuple[str, str], OutputMode] = {}

    def plan_of(self, grader: ModelGrader) -> CallPlan:
        """The grader's plan.

        Raises:
            MessagesUnusable: its messages can be sent to nobody.
        """
        # By identity, which lasts while the plan holds the grader: its value has no quick hash.
        plan = self._plans.get(id(grader))
        if plan is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            plan = self._plans[id(grader)] = compile_call(grader)
        return plan

    def mode_of(self, plan: CallPlan) -> OutputMode:
        """The surest mode that was not refused so far."""
        return self._modes.get(_format_key(plan), OutputMode.JSON_SCHEMA)

    def note_answered(self, plan: CallPlan, mode: OutputMode) -> None:
        """The mode was answered, after those before it, if any, were refused."""
        if mode is not OutputMode.JSON_SCHEMA:
            self._modes[_format_key(plan)] = mode


def _format_key(plan: CallPlan) -> tuple[str, str]:
    return plan.grader.model, plan.schema_text


def compile_call(grader: ModelGrader) -> CallPlan:
    """The plan of a grader.

    Only parameters that were given are sent: reasoning models refuse those that others need.

    Raises:
        MessagesUnusable: its messages can be sent to nobody.
    """
    params = chat_params_of(grader.sampling_params or {})
    params.pop("response_format", None)  # how the answer is written is ours to say
    schema = result_schema(_result(grader))
    return CallPlan(
        grader=grader,
        shape=chat_shape(grader.input),
        fixed={"model": grader.model, **params},
        schema=schema,
        schema_text=exact_json.dump(schema),
    )


def chat_shape(template: list[EvalItem]) -> list[JsonValue]:
    """The messages of a template as chat completions take them, their strings not filled yet.

    Raises:
        MessagesUnusable: there are none, or one has no content.
    """
    return chat_messages(message_list([each.model_dump(exclude_none=True) for each in template]))


def _result(grader: ModelGrader) -> dict[str, JsonValue]:
    match grader:
        case LabelModelGrader():
            return {"type": "string", "enum": [*dict.fromkeys(grader.labels)]}
        case ScoreModelGrader():
            return {"type": "number"}
        case _:
            assert_never(grader)


def _told(messages: list[JsonValue], words: str) -> list[JsonValue]:
    first = messages[0] if messages else None
    if not isinstance(first, dict) or first.get("role") not in ("system", "developer"):
        return [{"role": "system", "content": words}, *messages]
    content = first.get("content")
    told: JsonValue = (
        f"{content}\n\n{words}"
        if isinstance(content, str)
        else [*(content if isinstance(content, list) else []), {"type": "text", "text": words}]
    )
    return [{**first, "content": told}, *messages[1:]]
