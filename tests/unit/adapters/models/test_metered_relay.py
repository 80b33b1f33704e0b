"""Whose seconds are whose, of a call through the gateway."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from evald.adapters.models.metered_relay import MeteredRelay
from evald.adapters.prometheus.exposition import Prometheus
from evald.adapters.prometheus.series import TimedSeries
from evald.ports.metrics import Metrics, Timer
from evald.ports.model import FailureKind, ModelFailure
from evald.ports.relay import RelayAnswer, RelayBroken, RelayRequest, ResponsesSupport
from tests.support.virtual_time import LoopClock, run_in_virtual_time

HEAD_S, CHUNK_S = 2.0, 1.0


class SlowProvider:
    """Answers after 2 seconds, and each chunk takes one more."""

    provider = "slow"
    forwards_store = False
    responses: ResponsesSupport = "native"

    def __init__(self, chunks: Sequence[bytes], *, status: int = 200, breaks: bool = False) -> None:
        self._chunks_ = chunks
        self._status = status
        self._breaks = breaks

    @asynccontextmanager
    async def open(self, request: RelayRequest) -> AsyncIterator[RelayAnswer | ModelFailure]:
        await asyncio.sleep(HEAD_S)
        if not self._status:
            yield ModelFailure(FailureKind.UNREACHABLE, "unreachable", "Gone.")
        else:
            yield RelayAnswer(self._status, {}, self._chunks())

    async def _chunks(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks_:
            await asyncio.sleep(CHUNK_S)
            yield chunk
        if self._breaks:
            raise RelayBroken("Broke.")


def told(timer: Timer) -> dict[tuple[str, ...], float]:
    assert isinstance(timer, TimedSeries)
    return {labels: times.sum_s for labels, times in timer.values()}


def relayed(inner: SlowProvider, *, came_s: float = 0.0, client_s: float = 0.0) -> Metrics:
    """What is counted where the request had been here for so long, and each chunk was held up."""
    metrics = Prometheus().metrics

    async def pass_on() -> None:
        clock = LoopClock()
        relay = MeteredRelay(inner, clock, metrics)
        request = RelayRequest("POST", "chat/completions", came_at=clock.monotonic() - came_s)
        async with relay.open(request) as answer:
            if isinstance(answer, RelayAnswer):
                async for _ in answer.chunks:
                    await asyncio.sleep(client_s)

    run_in_virtual_time(pass_on())
    return metrics


def test_what_the_provider_takes_is_not_the_gateways() -> None:
    metrics = relayed(SlowProvider([b"a", b"b"]), came_s=0.5, client_s=0.25)

    assert told(metrics.gateway_calls) == {("slow", "answered"): pytest.approx(4.0)}
    assert told(metrics.gateway_added) == {("slow",): pytest.approx(1.0)}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "answered"), (400, "refused"), (429, "rate_limited"), (0, "unreachable")],
)
def test_a_call_counts_by_what_came_of_it(status: int, outcome: str) -> None:
    metrics = relayed(SlowProvider([], status=status))

    assert told(metrics.gateway_calls) == {("slow", outcome): HEAD_S}


def test_an_answer_that_breaks_off_is_told_apart() -> None:
    metrics = Prometheus().metrics

    async def pass_on() -> None:
        relay = MeteredRelay(SlowProvider([b"a"], breaks=True), LoopClock(), metrics)
        async with relay.open(RelayRequest("POST", "p")) as answer:
            assert isinstance(answer, RelayAnswer)
            _ = [chunk async for chunk in answer.chunks]

    with pytest.raises(RelayBroken):
        run_in_virtual_time(pass_on())

    assert told(metrics.gateway_calls) == {("slow", "broken"): HEAD_S + CHUNK_S}


def test_a_client_that_leaves_ends_the_wait() -> None:
    metrics = Prometheus().metrics

    async def leave() -> None:
        relay = MeteredRelay(SlowProvider([]), LoopClock(), metrics)
        async with asyncio.timeout(0.5), relay.open(RelayRequest("POST", "p")):
            pass

    with pytest.raises(TimeoutError):
        run_in_virtual_time(leave())

    assert told(metrics.gateway_calls) == {("slow", "abandoned"): 0.5}
    assert told(metrics.gateway_added) == {("slow",): 0.0}
