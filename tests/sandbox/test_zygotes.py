"""Who shares a zygote with whom."""

from pathlib import Path

import pytest

from evald.adapters.sandbox.inside.warming import BY_NAME
from evald.adapters.sandbox.scratch_sum import ScratchSum
from evald.adapters.sandbox.zygote_link import Place
from evald.adapters.sandbox.zygotes import MOST, Zygotes
from tests.sandbox.runners import INTERPRETER, skip_without_walls

pytestmark = pytest.mark.slow

SETS = [frozenset({name}) for name in ("asyncio", "html", "ssl", "urllib", "xml", "sqlite3")]


async def crowded(folder: Path, *, resting_s: float) -> Zygotes:
    """As many zygotes as may be, none of them in use."""
    await skip_without_walls()
    zygotes = Zygotes(Place(INTERPRETER, folder), 60.0, ScratchSum(1), resting_s=resting_s)
    for names in SETS[:MOST]:
        async with zygotes.use(names):
            pass
    return zygotes


async def test_a_set_has_its_own_again(tmp_path: Path) -> None:
    zygotes = await crowded(tmp_path, resting_s=60.0)
    try:
        async with zygotes.use(SETS[0]) as one, zygotes.use(SETS[0]) as again:
            assert one is again
        async with zygotes.use(SETS[0]) as one, zygotes.use(SETS[1]) as another:
            assert one is not another
    finally:
        await zygotes.close()


async def test_where_all_are_wanted_further_sets_share_one(tmp_path: Path) -> None:
    zygotes = await crowded(tmp_path, resting_s=60.0)
    try:
        async with zygotes.use(SETS[4]) as one, zygotes.use(frozenset(BY_NAME)) as all_packages:
            assert one is all_packages
    finally:
        await zygotes.close()


async def test_one_that_rests_makes_room(tmp_path: Path) -> None:
    zygotes = await crowded(tmp_path, resting_s=0.0)
    try:
        async with zygotes.use(SETS[0]) as first:
            pass
        async with zygotes.use(SETS[4]) as one, zygotes.use(SETS[5]) as another:
            assert one is not another
            assert not first.is_open
    finally:
        await zygotes.close()
