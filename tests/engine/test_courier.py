"""How endpoints are told of runs that ended; ours, within what OpenAI's guide promises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from openai import OpenAI

from evald.adapters.postman import HttpPostman
from evald.adapters.vault import AesVault
from evald.domain.webhooks.schedule import GIVE_UP_S
from evald.engine.courier import AT_ONCE_EACH, Courier, CourierTools
from evald.ports.store import Store
from evald.ports.webhooks import StoredDelivery, StoredWebhook
from evald.wire.pages import ListQuery
from evald.wire.webhooks import EVERY_EVENT, EventType
from tests.contract.kept import PROJECT, new_eval, new_id, new_run
from tests.support.instant_clock import NOW, InstantClock
from tests.support.new_store import open_new_store
from tests.support.receiver import Receiver, receiving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VAULT = AesVault(b"the key of this test")


@dataclass(frozen=True, slots=True)
class Scene:
    """A store, an endpoint, and a courier between them."""

    store: Store
    clock: InstantClock
    receiver: Receiver
    courier: Courier

    async def endpoint(self, *events: EventType, vault: AesVault = VAULT) -> StoredWebhook:
        """An endpoint of the project, told of these events."""
        hook = StoredWebhook(
            id=new_id("webhook_"),
            project_id=PROJECT,
            url=self.receiver.url + "/hook",
            events=events or EVERY_EVENT,
            created_at=NOW,
            sealed_secret=vault.seal(SECRET),
        )
        async with self.store.transaction() as tx:
            await tx.webhooks.insert(hook)
        return hook

    async def ended_run(self, status: str = "completed") -> str:
        """A run that has just ended."""
        an_eval = new_eval()
        run = new_run(an_eval.id)
        async with self.store.transaction() as tx:
            await tx.evals.insert(PROJECT, an_eval)
            await tx.runs.insert(run)
            await tx.runs.end(run.id, status, None, now=self.clock.now())  # type: ignore[arg-type]
        return run.id

    async def look(self) -> None:
        """The courier looks once, and all that it sends arrives."""
        async with asyncio.TaskGroup() as group:
            await self.courier.look(group)

    async def log(self, hook: StoredWebhook) -> list[StoredDelivery]:
        """What was delivered to the endpoint, or is to be."""
        async with self.store.snapshot() as tx:
            page = await tx.webhooks.deliveries(PROJECT, hook.id, ListQuery(limit=100))
        return page.rows


@asynccontextmanager
async def opened_scene(folder: Path) -> AsyncIterator[Scene]:
    clock, store = InstantClock(), await open_new_store(folder / "evald.sqlite3")
    try:
        postman = HttpPostman(allow_private=True, timeout_s=0.3)
        async with receiving() as receiver:
            tools = CourierTools(store=store, clock=clock, postman=postman, vault=VAULT)
            yield Scene(store, clock, receiver, Courier(tools))
    finally:
        await store.close()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("completed", "eval.run.succeeded"),
        ("failed", "eval.run.failed"),
        ("canceled", "eval.run.canceled"),
    ],
)
async def test_the_official_client_unwraps_what_is_delivered(
    scene: Scene, status: str, kind: str
) -> None:
    hook = await scene.endpoint()
    run_id = await scene.ended_run(status)

    await scene.look()

    (came,) = scene.receiver.received
    client = OpenAI(api_key="k", webhook_secret=SECRET)
    client.webhooks.verify_signature(came.body, came.headers, tolerance=10**10)
    assert came.headers["webhook-timestamp"] == str(NOW)
    (delivery,) = await scene.log(hook)
    assert came.headers["webhook-id"] == delivery.id
    assert (delivery.status, delivery.attempts, delivery.last_status) == ("delivered", 1, 200)
    assert f'"type":"{kind}"' in came.body.decode()
    assert f'"id":"{run_id}"' in came.body.decode()


async def test_a_run_that_was_taken_up_again_is_told_of_once_more(scene: Scene) -> None:
    hook = await scene.endpoint()
    run_id = await scene.ended_run("failed")
    await scene.look()

    async with scene.store.transaction() as tx:
        await tx.chances.reopen(run_id, now=scene.clock.now())
    await scene.look()
    before = len(scene.receiver.received)
    async with scene.store.transaction() as tx:
        await tx.runs.end(run_id, "failed", None, now=scene.clock.now())
    for _ in range(2):
        await scene.look()

    first, second = await scene.log(hook)
    assert (before, len(scene.receiver.received)) == (1, 2)
    assert first.created_at == second.created_at  # in the same second, even
    assert first.event_id != second.event_id
    assert [each.headers["webhook-id"] for each in scene.receiver.received] == [first.id, second.id]


async def test_an_endpoint_is_told_only_of_what_it_asked_for(scene: Scene) -> None:
    hook = await scene.endpoint("eval.run.failed")
    await scene.ended_run("completed")
    failed = await scene.ended_run("failed")

    await scene.look()
    await scene.look()

    assert [each.run_id for each in await scene.log(hook)] == [failed]
    assert len(scene.receiver.received) == 1


async def test_every_endpoint_is_told_of_a_run_once(scene: Scene) -> None:
    one, other = await scene.endpoint(), await scene.endpoint()
    await scene.ended_run()

    for _ in range(3):
        await scene.look()
        await scene.clock.sleep(100)

    (first,), (second,) = await scene.log(one), await scene.log(other)
    ids = {each.headers["webhook-id"] for each in scene.receiver.received}
    assert ids == {first.id, second.id}
    assert len(scene.receiver.received) == 2
    assert first.event_id == second.event_id


async def test_a_delivery_that_fails_comes_again_under_the_same_id(scene: Scene) -> None:
    hook = await scene.endpoint()
    scene.receiver.answers = [500, 0, 200]
    await scene.ended_run()

    await scene.look()
    (after_first,) = await scene.log(hook)
    await scene.clock.sleep(4)
    await scene.look()
    too_early = len(scene.receiver.received)
    await scene.clock.sleep(1)
    await scene.look()
    (after_second,) = await scene.log(hook)
    await scene.clock.sleep(20)
    await scene.look()

    (delivery,) = await scene.log(hook)
    assert too_early == 1
    assert (after_first.status, after_first.last_status) == ("pending", 500)
    assert (after_second.last_status, after_second.last_error) == (
        None,
        "No answer came within 0.3 seconds.",
    )
    assert (delivery.status, delivery.attempts, delivery.last_error) == ("delivered", 3, None)
    ids = {each.headers["webhook-id"] for each in scene.receiver.received}
    signatures = {each.headers["webhook-signature"] for each in scene.receiver.received}
    bodies = {each.body for each in scene.receiver.received}
    assert (len(ids), len(signatures), len(bodies)) == (1, 3, 1)


async def test_a_delivery_is_given_up_after_72_hours(scene: Scene) -> None:
    hook = await scene.endpoint()
    scene.receiver.answers = [503]
    await scene.ended_run()
    await scene.look()
    (delivery,) = await scene.log(hook)

    while delivery.next_attempt_at is not None:
        await scene.clock.sleep(delivery.next_attempt_at - scene.clock.now())
        await scene.look()
        (delivery,) = await scene.log(hook)

    assert delivery.status == "failed"
    assert delivery.last_attempt_at == NOW + GIVE_UP_S
    assert 12 <= delivery.attempts == len(scene.receiver.received) <= 22


async def test_a_process_that_dies_over_a_delivery_leaves_it_to_the_next(scene: Scene) -> None:
    hook = await scene.endpoint()
    await scene.ended_run()
    scene.receiver.answers = [0, 200]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await scene.look()  # cut off while the endpoint is silent

    await scene.clock.sleep(20)
    await scene.look()

    (delivery,) = await scene.log(hook)
    assert delivery.status == "delivered"
    assert len({each.headers["webhook-id"] for each in scene.receiver.received}) == 1


async def test_a_silent_endpoint_holds_up_no_other(scene: Scene) -> None:
    silent = await scene.endpoint()
    for _ in range(AT_ONCE_EACH + 2):
        await scene.ended_run()
    scene.receiver.answers = [0] * AT_ONCE_EACH + [200]
    async with asyncio.TaskGroup() as group:
        await scene.courier.look(group)
        await scene.receiver.wait_for(AT_ONCE_EACH)
        other = await scene.endpoint()
        await scene.ended_run()

        await scene.courier.look(group)
        await scene.receiver.wait_for(AT_ONCE_EACH + 1)

    assert [each.status for each in await scene.log(other)] == ["delivered"]
    assert {each.status for each in await scene.log(silent)} == {"pending"}


async def test_a_secret_of_another_key_is_said_so_and_nothing_is_sent(scene: Scene) -> None:
    hook = await scene.endpoint(vault=AesVault(b"an older key"))
    await scene.ended_run()

    await scene.look()

    (delivery,) = await scene.log(hook)
    assert scene.receiver.received == []
    assert delivery.status == "pending"
    assert "EVALD_SECRET_KEY" in (delivery.last_error or "")
    assert SECRET not in (delivery.last_error or "")


async def test_the_log_reaches_back_thirty_days(scene: Scene) -> None:
    hook = await scene.endpoint()
    await scene.ended_run()
    await scene.look()

    await scene.clock.sleep(29 * 86_400)
    await scene.courier.forget()
    kept = len(await scene.log(hook))
    await scene.clock.sleep(2 * 86_400)
    await scene.courier.forget()

    assert kept == 1
    assert await scene.log(hook) == []
