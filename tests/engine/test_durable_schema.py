"""Making DBOS's own tables in a database that is in use already. Ours."""

import asyncio

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.dbos.durable import make_schema
from evald.adapters.sql.store import open_shared_store
from tests.support.postgresql import new_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(100)]


async def test_it_waits_for_no_transaction_that_waits_for_it() -> None:
    url, clock = new_database(), SystemClock()
    store = await open_shared_store(url, connections=2)
    looked, began = asyncio.Event(), clock.monotonic()

    async def look_while_it_is_made() -> None:
        """As housekeeping does: what is seen stays the same until the block ends."""
        async with store.snapshot() as tx:
            await tx.work.blobs_in_use(now=clock.now())
            looked.set()
            await asyncio.sleep(1)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(look_while_it_is_made())
            await looked.wait()
            await make_schema(url)
    finally:
        await store.close()

    # Once it stood still, PostgreSQL ended the transaction that was forgotten after two minutes.
    assert clock.monotonic() - began < 60
