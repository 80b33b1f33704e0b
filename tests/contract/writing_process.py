"""A process that writes to a store until it is killed, or so many times; for the tests beside it.

Usage: python -m tests.contract.writing_process <file> items <run id>
       python -m tests.contract.writing_process <file> keys <how many>

Waits for a line on its standard input. Prints a line after each commit.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from evald.adapters.sql.store import SqlStore, open_store
from evald.wire.ids import IdPrefix
from tests.contract.kept import new_item, new_key

BATCH = 5


async def write_items(store: SqlStore, run_id: str) -> None:
    """Batches of items, from the first row on that has none; each printed by its last row + 1."""
    async with store.snapshot() as tx:
        run = await tx.work.find(run_id)
    assert run is not None
    for first in count(run.tally.total, BATCH):
        rows = range(first, first + BATCH)
        items = [new_item(row, id=f"{IdPrefix.OUTPUT_ITEM}{row:032x}") for row in rows]
        async with store.transaction() as tx:
            await tx.work.record(run_id, items)
        tell(rows.stop)


async def write_keys(store: SqlStore, how_many: int, *, name: str) -> None:
    """So many keys, each in a transaction of its own."""
    for each in range(how_many):
        async with store.transaction() as tx:
            await tx.keys.insert(
                new_key(id=f"{name}-{each}", name=name), secret_hash=f"{name}-{each}"
            )
        tell(each)


def tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


async def main(path: str, what: str, argument: str) -> None:
    """Waits, opens the store, writes, and closes it."""
    name = sys.stdin.readline().strip()
    store = await open_store(Path(path))
    if what == "items":
        await write_items(store, argument)
    else:
        await write_keys(store, int(argument), name=name)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
