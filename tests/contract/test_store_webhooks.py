"""What every store must do with webhooks; all of it is ours."""

from dataclasses import replace

import pytest

from evald.ports.kept import StoredRun
from evald.ports.store import CursorUnknown, Store
from evald.ports.webhooks import EndedRun, StoredDelivery, StoredWebhook
from evald.wire.errors import ApiError
from evald.wire.pages import ListQuery
from evald.wire.runs import RunStatus
from tests.contract.kept import NOW, OTHER_PROJECT, PROJECT, new_eval, new_id, new_run


def hook(**changes: object) -> StoredWebhook:
    values: dict[str, object] = {
        "id": new_id("webhook_"),
        "project_id": PROJECT,
        "url": "https://example.com/hook",
        "events": ("eval.run.succeeded", "eval.run.failed"),
        "created_at": NOW,
        "sealed_secret": "v1.sealed",
    }
    return StoredWebhook(**{**values, **changes})  # type: ignore[arg-type]


def delivery(of: StoredWebhook, **changes: object) -> StoredDelivery:
    values: dict[str, object] = {
        "id": new_id("wh_"),
        "project_id": of.project_id,
        "webhook_id": of.id,
        "event_id": "evt_1",
        "type": "eval.run.succeeded",
        "run_id": "evalrun_1",
        "eval_id": "eval_1",
        "created_at": NOW,
        "next_attempt_at": NOW,
    }
    return StoredDelivery(**{**values, **changes})  # type: ignore[arg-type]


ENDED = EndedRun(PROJECT, "eval_1", "evalrun_1", "eval.run.succeeded", NOW)


async def kept_hook(store: Store, **changes: object) -> StoredWebhook:
    made = hook(**changes)
    async with store.transaction() as tx:
        await tx.webhooks.insert(made)
    return made


async def told(store: Store, *deliveries: StoredDelivery) -> None:
    async with store.transaction() as tx:
        await tx.webhooks.tell(ENDED, list(deliveries))


async def claimed(store: Store, now: int, *, most: int = 10) -> list[str]:
    found = []
    async with store.transaction() as tx:
        for webhook_id in await tx.webhooks.due_webhooks(now=now):
            found += await tx.webhooks.claim_due(webhook_id, now=now, until=now + 60, most=most)
    return [each.id for each in found]


async def kept_run(store: Store, **changes: object) -> StoredRun:
    an_eval = new_eval()
    run = new_run(an_eval.id, **changes)
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
    return run


async def test_endpoints_are_answered_as_they_were_kept_oldest_first(store: Store) -> None:
    first, second = await kept_hook(store), await kept_hook(store, events=("eval.run.failed",))
    await kept_hook(store, project_id=OTHER_PROJECT)

    async with store.snapshot() as tx:
        assert await tx.webhooks.all(PROJECT) == [first, second]
        assert await tx.webhooks.get(PROJECT, second.id) == second
        assert await tx.webhooks.get(OTHER_PROJECT, second.id) is None


async def test_an_endpoint_goes_with_its_deliveries(store: Store) -> None:
    gone, stays = await kept_hook(store), await kept_hook(store)
    left = delivery(stays)
    await told(store, delivery(gone), left)

    async with store.transaction() as tx:
        assert not await tx.webhooks.delete(OTHER_PROJECT, gone.id)
        assert await tx.webhooks.delete(PROJECT, gone.id)
        assert not await tx.webhooks.delete(PROJECT, gone.id)

    assert await claimed(store, NOW) == [left.id]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("completed", "eval.run.succeeded"),
        ("failed", "eval.run.failed"),
        ("canceled", "eval.run.canceled"),
    ],
)
async def test_a_run_that_ended_is_untold_until_it_is_told(
    store: Store, status: RunStatus, kind: str
) -> None:
    run = await kept_run(store)
    await kept_run(store)  # goes on, so there is nothing to tell
    async with store.transaction() as tx:
        await tx.runs.end(run.id, status, ApiError(code="c", message="m"), now=NOW + 5)

    async with store.transaction() as tx:
        untold = await tx.webhooks.untold(most=10)
        await tx.webhooks.tell(untold[0], [])
        told_again = await tx.webhooks.untold(most=10)

    assert untold == [EndedRun(PROJECT, run.eval_id, run.id, kind, NOW + 5)]  # type: ignore[arg-type]
    assert told_again == []


async def test_nobody_is_told_of_an_imported_run(store: Store) -> None:
    await kept_run(store, status="completed", imported={"status": "completed"})

    async with store.snapshot() as tx:
        assert await tx.webhooks.untold(most=10) == []


async def test_telling_twice_delivers_once(store: Store) -> None:
    made = delivery(await kept_hook(store))
    await told(store, made)

    await told(store, made)

    assert await claimed(store, NOW) == [made.id]


async def test_an_endpoint_that_is_gone_is_told_nothing(store: Store) -> None:
    await told(store, delivery(hook()))

    assert await claimed(store, NOW) == []


async def test_what_is_claimed_is_nobody_elses_for_a_while(store: Store) -> None:
    made = delivery(await kept_hook(store))
    await told(store, made)

    assert await claimed(store, NOW - 1) == []
    assert await claimed(store, NOW) == [made.id]
    assert await claimed(store, NOW + 59) == []
    assert await claimed(store, NOW + 60) == [made.id]


async def test_the_longest_waiting_are_claimed_first_of_each_endpoint(store: Store) -> None:
    one, other = await kept_hook(store), await kept_hook(store)
    late, early = (delivery(one, next_attempt_at=NOW + wait) for wait in (3, 2))
    soon = delivery(other, next_attempt_at=NOW + 1)
    await told(store, late, early, soon)

    first = await claimed(store, NOW + 3, most=1)
    rest = await claimed(store, NOW + 3)

    assert [first, rest] == [[soon.id, early.id], [late.id]]


async def test_what_became_of_an_attempt_is_in_the_log(store: Store) -> None:
    of = await kept_hook(store)
    made = [delivery(of) for _ in range(3)]
    await told(store, *made)
    failed = replace(
        made[1],
        attempts=3,
        status="failed",
        last_attempt_at=NOW + 9,
        last_status=500,
        last_error="The endpoint answered 500.",
        next_attempt_at=None,
    )

    async with store.transaction() as tx:
        await tx.webhooks.note(failed)
        query = ListQuery(limit=2, after=made[0].id)
        page = await tx.webhooks.deliveries(PROJECT, of.id, query)
        newest = await tx.webhooks.deliveries(PROJECT, of.id, ListQuery(limit=1, order="desc"))

    assert page.rows == [failed, made[2]]
    assert not page.has_more
    assert (newest.rows, newest.has_more) == ([made[2]], True)
    assert failed.id not in await claimed(store, NOW + 10**6)


async def test_a_delivery_of_another_endpoint_is_no_cursor(store: Store) -> None:
    one, other = await kept_hook(store), await kept_hook(store)
    made = delivery(other)
    await told(store, made)

    async with store.snapshot() as tx:
        with pytest.raises(CursorUnknown):
            await tx.webhooks.deliveries(PROJECT, one.id, ListQuery(after=made.id))


async def test_old_deliveries_that_ended_are_forgotten_and_pending_ones_are_not(
    store: Store,
) -> None:
    of = await kept_hook(store)
    old, pending, young = (delivery(of, created_at=NOW + later) for later in (0, 0, 100))
    await told(store, old, pending, young)
    async with store.transaction() as tx:
        for each in (old, young):
            await tx.webhooks.note(replace(each, status="delivered", next_attempt_at=None))

        assert await tx.webhooks.forget_deliveries(ended_before=NOW + 50, most=10) == 1
        page = await tx.webhooks.deliveries(PROJECT, of.id, ListQuery())

    assert [each.id for each in page.rows] == [pending.id, young.id]
