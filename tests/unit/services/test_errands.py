"""The queue of a rescue: each thing once, what leads to more of it first. Ours."""

import asyncio

from evald.domain.archive.kinds import Kind, ListKey, item_list, message_list, run_list
from evald.services.errands import Errand, Errands, FileErrand, ListErrand


async def taken(errands: Errands, count: int) -> list[Errand]:
    return [await errands.take() for _ in range(count)]


async def test_what_leads_to_more_goes_first_and_of_its_like_the_largest() -> None:
    errands = Errands()
    small, large = ListErrand(item_list("e", "s")), ListErrand(item_list("e", "l"))
    last: list[Errand] = [FileErrand("f"), ListErrand(message_list("c"))]
    first: list[Errand] = [ListErrand(ListKey(Kind.EVALS)), ListErrand(run_list("e"))]
    for errand in (*reversed(last), small, *reversed(first)):
        errands.add(errand, size=1)
    errands.add(large, size=9)

    assert await taken(errands, 6) == [*first, large, small, *last]


async def test_each_is_done_once() -> None:
    errands = Errands()
    key = item_list("e", "r")

    assert errands.add(ListErrand(key))
    assert not errands.add(ListErrand(key, refreshes=True))
    assert errands.add(FileErrand("f"))
    assert not errands.add(FileErrand("f"))


async def test_all_is_done_when_what_an_errand_led_to_is_done_as_well() -> None:
    errands, done = Errands(), list[Errand]()

    async def work() -> None:
        while True:
            errand = await errands.take()
            if errand == FileErrand("first"):
                errands.add(FileErrand("second"))
            done.append(errand)
            errands.done()

    errands.add(FileErrand("first"))
    worker = asyncio.create_task(work())
    async with asyncio.timeout(5):
        await errands.all_done()
    worker.cancel()

    assert done == [FileErrand("first"), FileErrand("second")]
