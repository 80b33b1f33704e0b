"""Responses that go on at their provider after they were answered, and what has come of them."""

from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import RequestError
from evald.ports.kept import StoredLog
from evald.ports.model import ModelFailure
from evald.ports.relay import Relay, RelayBroken, RelayRequest
from evald.services.context import Context
from evald.services.relaying import Caller, broken_error, failure_error, refuse_no_answer
from evald.services.usage_meter import UsageMeter

Body = dict[str, JsonValue]

ROUTE = "responses"
_UNFINISHED = ("queued", "in_progress")


def keeps_responses(relay: Relay | None) -> bool:
    """Whether the provider keeps responses itself, so that it can be asked for them again."""
    return relay is not None and relay.responses == "native" and relay.forwards_store


def is_unfinished(response: Body) -> bool:
    """Whether the response goes on."""
    return response.get("status") in _UNFINISHED


def read_object(text: str) -> Body:
    """The JSON object of a text that was written here; anything else is an empty one."""
    value = exact_json.DECODER.decode(text)
    return value if isinstance(value, dict) else {}


async def refreshed(context: Context, caller: Caller, log: StoredLog) -> StoredLog:
    """The response as it is now: one that had not ended is asked for at its provider.

    Where the provider cannot be asked, or knows it no longer, it is as it was.
    """
    if not is_unfinished(read_object(log.body)):
        return log
    relay = context.relays.named(log.provider)
    if relay is None or not keeps_responses(relay):
        return log
    try:
        said = await ask_provider(relay, RelayRequest("GET", f"{ROUTE}/{log.id}"))
    except RequestError:
        return log
    return log if said.status >= 300 else await renewed(context, caller, log, said.body)


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider said of a response that it keeps; the body is empty where it is no object."""

    status: int
    body: Body


async def ask_provider(relay: Relay, request: RelayRequest) -> Said:
    """What the provider answers, whatever its status.

    Raises:
        RequestError: there was no answer.
    """
    async with relay.open(request) as answer:
        if isinstance(answer, ModelFailure):
            raise failure_error(answer)
        refuse_no_answer(relay.provider, answer.status)
        try:
            content = b"".join([chunk async for chunk in answer.chunks])
        except RelayBroken as problem:
            raise broken_error(problem) from None
    try:
        value = exact_json.parse(content.decode())
    except ValueError:
        value = None
    return Said(answer.status, value if isinstance(value, dict) else {})


async def renewed(context: Context, caller: Caller, log: StoredLog, answer: Body) -> StoredLog:
    """The response that is kept as the provider has it now, under our id and metadata.

    What it used is noted by whoever first sees that it has ended; one that has ended stays so.
    """
    body: Body = {**answer, "id": log.id, "metadata": {**log.metadata}}
    text = exact_json.dump(body)
    if text == log.body or answer.get("object") != "response":
        return log
    async with context.store.transaction() as tx:
        kept = await tx.logs.get(log.project_id, log.kind, log.id)
        if kept is None or not is_unfinished(read_object(kept.body)):
            return kept or log
        await tx.logs.update_body(log.id, text)
    if not is_unfinished(body):
        meter = UsageMeter(context.logs, context.clock, caller, model=log.model, route=ROUTE)
        meter.begin()
        meter.meter(text.encode())
        meter.close()
    return replace(log, body=text)
