"""The courier: tells endpoints of runs that have ended, at least once, for up to three days."""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from evald.domain.webhooks.events import event_body
from evald.domain.webhooks.schedule import next_attempt_s
from evald.domain.webhooks.signature import SecretUnusable, key_of, signature
from evald.ports.clock import Clock
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.store import Store
from evald.ports.vault import Vault, VaultLocked
from evald.ports.webhooks import EndedRun, Letter, Postman, Receipt, StoredDelivery, StoredWebhook
from evald.wire.webhooks import EventData

_log = logging.getLogger("evald.engine")

LOOK_S = 2.0
"""How often runs that ended and deliveries that are due are looked for."""

AT_ONCE = 32
AT_ONCE_EACH = 4
"""How many letters are on their way, in all and to one endpoint: a silent one holds up no other."""

CLAIM_S = 20
"""So long a delivery is this process's: one that dies over it leaves it to the next."""

KEPT_S = 30 * 24 * 60 * 60
FORGOTTEN_AT_ONCE = 1_000
"""How long the log of ended deliveries reaches back."""

USER_AGENT = "evald (+https://www.standardwebhooks.com)"


@dataclass(frozen=True, slots=True)
class CourierTools:
    """What the courier works with."""

    store: Store
    clock: Clock
    postman: Postman
    vault: Vault
    metrics: Metrics = NO_METRICS


class Courier:
    """Carries what is due; several in several processes share the work.

    The order of events is not kept: a delivery that fails waits, and others go on.
    """

    def __init__(self, tools: CourierTools) -> None:
        """Begins with nothing on its way."""
        self._tools = tools
        self._under_way: Counter[str] = Counter()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While the block lasts, endpoints are told."""
        task = asyncio.create_task(self.keep_carrying())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def keep_carrying(self) -> None:
        """Looks every second, until it is canceled; letters on their way are then abandoned.

        What was abandoned is carried again by the next process.
        """
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self.look(group)
                except Exception:  # noqa: BLE001 - an outermost loop
                    # The worker's outermost loop: the store may be away for a moment.
                    _log.exception("courier_failed")
                await self._tools.clock.sleep(LOOK_S)

    async def look(self, group: asyncio.TaskGroup) -> None:
        """What happened is written down to be told, and what is due is on its way in the group."""
        now = self._tools.clock.now()
        async with self._tools.store.snapshot() as tx:
            ended = await tx.webhooks.untold(most=FORGOTTEN_AT_ONCE)
            due = await tx.webhooks.due_webhooks(now=now)
        if ended:
            await self._write_down(ended)
            async with self._tools.store.snapshot() as tx:
                due = await tx.webhooks.due_webhooks(now=now)
        for webhook_id in due:
            room = min(
                AT_ONCE - self._under_way.total(), AT_ONCE_EACH - self._under_way[webhook_id]
            )
            if room > 0:
                await self._send(webhook_id, room, group)

    async def forget(self) -> None:
        """Ended deliveries of more than thirty days ago are gone."""
        before = self._tools.clock.now() - KEPT_S
        async with self._tools.store.transaction() as tx:
            await tx.webhooks.forget_deliveries(ended_before=before, most=FORGOTTEN_AT_ONCE)

    async def _send(self, webhook_id: str, room: int, group: asyncio.TaskGroup) -> None:
        now = self._tools.clock.now()
        async with self._tools.store.transaction() as tx:
            claimed = await tx.webhooks.claim_due(
                webhook_id, now=now, until=now + CLAIM_S, most=room
            )
        for delivery in claimed:
            self._under_way[webhook_id] += 1
            group.create_task(self._carry(delivery))

    async def _write_down(self, ended: list[EndedRun]) -> None:
        for run in ended:
            async with self._tools.store.transaction() as tx:
                hooks = await tx.webhooks.all(run.project_id)
                due = [_delivery(run, hook) for hook in hooks if run.type in hook.events]
                await tx.webhooks.tell(run, due)

    async def _carry(self, delivery: StoredDelivery) -> None:
        try:
            receipt = await self._attempt(delivery)
            if receipt is not None:
                await self._note(delivery, receipt)
        except Exception:  # noqa: BLE001 - an outermost loop
            # A delivery is carried again once its claim runs out.
            _log.exception("delivery_failed delivery=%s", delivery.id)
        finally:
            self._under_way[delivery.webhook_id] -= 1

    async def _attempt(self, delivery: StoredDelivery) -> Receipt | None:
        """What became of it; None where the endpoint is gone."""
        async with self._tools.store.snapshot() as tx:
            hook = await tx.webhooks.get(delivery.project_id, delivery.webhook_id)
        if hook is None:
            return None
        try:
            key = key_of(self._tools.vault.open(hook.sealed_secret))
        except (VaultLocked, SecretUnusable) as problem:
            return Receipt(error=str(problem))
        return await self._tools.postman.carry(self._letter(delivery, hook, key))

    def _letter(self, delivery: StoredDelivery, hook: StoredWebhook, key: bytes) -> Letter:
        data = EventData(id=delivery.run_id, eval_id=delivery.eval_id)
        body = event_body(
            delivery.event_id, delivery.type, created_at=delivery.created_at, data=data
        )
        now = self._tools.clock.now()
        signed = signature(key, webhook_id=delivery.id, timestamp=now, body=body)
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": delivery.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signed,
        }
        return Letter(hook.url, headers, body)

    async def _note(self, delivery: StoredDelivery, receipt: Receipt) -> None:
        noted = noted_attempt(
            delivery, receipt, now=self._tools.clock.now(), jitter=self._tools.clock.jitter()
        )
        async with self._tools.store.transaction() as tx:
            await tx.webhooks.note(noted)
        outcome = "to_retry" if noted.status == "pending" else noted.status
        self._tools.metrics.deliveries.count(outcome)
        _log.info(
            "delivery_attempted delivery=%s webhook=%s attempt=%d status=%s",
            noted.id,
            noted.webhook_id,
            noted.attempts,
            noted.last_status,
        )


def noted_attempt(
    delivery: StoredDelivery, receipt: Receipt, *, now: int, jitter: float
) -> StoredDelivery:
    """The delivery after one more attempt, of which this became."""
    attempts = delivery.attempts + 1
    wait_s = next_attempt_s(attempts, age_s=now - delivery.created_at, jitter=jitter)
    tried = replace(
        delivery,
        attempts=attempts,
        last_attempt_at=now,
        last_status=receipt.status,
        last_error=receipt.error,
    )
    if receipt.is_delivered:
        return replace(tried, status="delivered", last_error=None, next_attempt_at=None)
    if wait_s is None:
        return replace(tried, status="failed", next_attempt_at=None)
    return replace(tried, next_attempt_at=now + max(1, round(wait_s)))


def _delivery(run: EndedRun, hook: StoredWebhook) -> StoredDelivery:
    """The delivery of this end to this endpoint: the same however often it is written down.

    A run that was taken up again ends once more: another event, be it in the same second.
    """
    chance = [str(run.chance)] if run.chance else []
    event_id = "evt_" + _digest(run.run_id, run.type, str(run.ended_at), *chance)
    return StoredDelivery(
        id="wh_" + _digest(event_id, hook.id),
        project_id=run.project_id,
        webhook_id=hook.id,
        event_id=event_id,
        type=run.type,
        run_id=run.run_id,
        eval_id=run.eval_id,
        created_at=run.ended_at,
        next_attempt_at=run.ended_at,
    )


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]
