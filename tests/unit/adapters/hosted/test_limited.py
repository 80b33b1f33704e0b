"""How many requests go out at once. Ours."""

import asyncio

from evald.adapters.hosted.limited import LimitedApi
from evald.adapters.hosted.retrying import POLICY
from evald.ports.hosted import Fetched, HostedRequest, Refused, Sink, Trouble
from tests.support.virtual_time import LoopClock, run_in_virtual_time

REQUEST = HostedRequest(("evals",))
BUSY = Refused(Trouble.REFUSED, "busy", status=429)


class Slow:
    """Takes a second for each answer, and counts how many it is asked for at once."""

    def __init__(self, *outcomes: Fetched | Refused) -> None:
        self._outcomes = list(outcomes)
        self.at_once = 0
        self.most = 0
        self.began: list[float] = []

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.began.append(asyncio.get_running_loop().time())
        await asyncio.sleep(1)
        self.at_once -= 1
        return self._outcomes.pop(0) if self._outcomes else Fetched(b"")


async def ask(api: LimitedApi, times: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(times):
            group.create_task(api.get(REQUEST))


def limited(inner: Slow, most: int) -> LimitedApi:
    return LimitedApi(inner, most, LoopClock(), policy=POLICY)


def test_no_more_than_so_many_go_out_at_once() -> None:
    async def scene() -> Slow:
        inner = Slow()
        await ask(limited(inner, 3), 10)
        return inner

    assert run_in_virtual_time(scene()).most == 3


def test_a_429_halves_their_number_once_for_all_that_were_under_way() -> None:
    async def scene() -> list[int]:
        inner = Slow(BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY)
        api = limited(inner, 8)
        await ask(api, 8)
        first = api.limit
        inner._outcomes = [BUSY]  # noqa: SLF001 - the scene goes on
        await ask(api, 1)
        return [first, api.limit]

    assert run_in_virtual_time(scene()) == [4, 2]


def test_each_full_round_of_answers_adds_one_again_up_to_the_most() -> None:
    async def scene() -> list[int]:
        inner = Slow(BUSY)
        api = limited(inner, 4)
        limits = []
        for _ in range(12):
            await ask(api, 1)
            limits.append(api.limit)
        return limits

    assert run_in_virtual_time(scene()) == [2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]


def test_one_stays_one() -> None:
    async def scene() -> int:
        api = limited(Slow(BUSY, BUSY), 1)
        await ask(api, 2)
        return api.limit

    assert run_in_virtual_time(scene()) == 1


def test_while_the_server_wants_to_be_left_alone_nobody_asks() -> None:
    async def scene() -> list[float]:
        inner = Slow(Refused(Trouble.REFUSED, "busy", status=429, wait_s=30.0))
        api = limited(inner, 2)
        await ask(api, 1)
        await ask(api, 2)
        return inner.began

    assert run_in_virtual_time(scene()) == [0.0, 31.0, 32.0]


def test_a_success_may_ask_for_a_pause_too() -> None:
    """No request is left in this stretch of time, its headers say."""

    async def scene() -> list[float]:
        inner = Slow(Fetched(b"", wait_s=5.0))
        api = limited(inner, 2)
        await ask(api, 1)
        await ask(api, 1)
        return inner.began

    assert run_in_virtual_time(scene()) == [0.0, 6.0]


def test_a_request_that_is_given_up_frees_its_place() -> None:
    async def scene() -> int:
        inner = Slow()
        api = limited(inner, 1)
        given_up = asyncio.create_task(api.get(REQUEST))
        await asyncio.sleep(0.5)
        given_up.cancel()
        await ask(api, 1)
        return len(inner.began)

    assert run_in_virtual_time(scene()) == 2
