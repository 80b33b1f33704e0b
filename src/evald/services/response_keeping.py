"""Keeping a response while it is passed on, or made of a chat completion."""

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.logs.terms import response_terms, text_term
from evald.ports.kept import StoredLog
from evald.services.background_responses import ROUTE, is_unfinished, read_object
from evald.services.chat_keeping import usable_id
from evald.services.context import Context
from evald.services.response_requests import ResponseCall
from evald.services.usage_meter import DAY_S, UsageMeter, writable

Body = dict[str, JsonValue]


class ResponseKeeper:
    """Names a response and writes it down, once or, where it goes on, again at its end.

    Where the call is not to be kept, it only counts what the call used.
    """

    def __init__(self, context: Context, call: ResponseCall) -> None:
        self._context = context
        self._call = call
        self._claimed: str | None = None
        self._log: StoredLog | None = None
        self.meter = UsageMeter(
            context.logs,
            context.clock,
            call.caller,
            model=call.asked.model or "",
            route=ROUTE,
        )

    async def named(self, response: Body) -> Body:
        """The response with what is ours to say of it: an id that no other has, metadata, store."""
        told = {**response, **self._call.told}
        if self._call.kept is None:
            return told
        if self._claimed is None:
            own_id = usable_id(response.get("id"))
            self._claimed = await self._context.logs.claim("response", own_id)
        return {**told, "id": self._claimed}

    async def keep(self, response: Body) -> Body:
        """The response as it is kept, after the commit; as it is where it is not to be kept.

        Raises:
            LogNotKept: the store did not take it.
        """
        if self._call.kept is None:
            return response
        if self._log is not None:
            return await self._keep_again(self._log, response)
        log = self._log_of(response, exact_json.dump(response), exact_json.dump(self._call.kept))
        usage = None if is_unfinished(response) else self.meter.entry()
        self._log = await self._context.logs.keep(log, usage)
        self.meter.settle()
        return response if self._log.id == log.id else {**response, "id": self._log.id}

    def close(self) -> None:
        """What was not kept is counted nevertheless, and the id is free again."""
        self.meter.close()
        if self._claimed is not None:
            self._context.logs.release(self._claimed)
            self._claimed = None

    async def _keep_again(self, log: StoredLog, response: Body) -> Body:
        body = {**response, "id": log.id}
        async with self._context.store.transaction() as tx:
            kept = await tx.logs.get(log.project_id, log.kind, log.id)
            # A read may have asked the provider, and have seen the end before.
            if kept is not None and is_unfinished(read_object(kept.body)):
                await tx.logs.update_body(log.id, exact_json.dump(body))
                await tx.usage.add([self.meter.entry()])
        return body

    def _log_of(self, response: Body, body: str, request: str) -> StoredLog:
        call, told = self._call, response.get("model")
        asked_for = call.asked.model or ""
        model = writable(told if isinstance(told, str) and told else asked_for)
        terms = response_terms(model, call.metadata, call.kept or {})
        # It is found by the name that was asked for, too: `gpt-4o`, not only its date's.
        also = (text_term("model", writable(asked_for)),) if asked_for else ()
        return StoredLog(
            id=str(response.get("id") or ""),
            project_id=call.caller.project_id,
            kind="response",
            created=self._second(response.get("created_at")),
            model=model,
            metadata=call.metadata,
            body=body,
            request=request,
            request_id=call.caller.request_id,
            provider=call.relay.provider,
            terms=tuple(dict.fromkeys((*terms, *also))),
        )

    def _second(self, told: JsonValue) -> int:
        """When it was made, as the provider says, unless its clock is a day or more off."""
        now = self._context.clock.now()
        if isinstance(told, int | float) and abs(told - now) < DAY_S:
            return int(told)
        return now
