"""What a kill -9 in the middle of a run costs: rows paid twice, and the time until it goes on."""

import time
from dataclasses import dataclass

from bench.run import Bench, Work, create, until_completed

LATENCY_S = 0.02


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of a run whose server was killed at its half and started again."""

    paid_twice: int  # calls beyond one a row, those in flight among them
    in_flight: int  # those of them that the server may not have had an answer to
    beyond_s: float  # how long the run took, before the kill, to get answers to the others
    resumed_s: float  # from the server's being ready to the first new call; 0 where it was before


def kill_at_half(bench: Bench, work: Work) -> Killed:
    """One run, one kill, one start."""
    provider = bench.provider
    provider.take(LATENCY_S)
    provider.forget()
    run_id = create(bench, work)
    while provider.seen().answers < work.rows // 2:
        time.sleep(0.002)
    bench.server.kill()
    time.sleep(2 * LATENCY_S)  # what was in flight is over for the provider too
    before = provider.answered_at()
    bench.server.start()
    ready_at = time.monotonic()
    until_completed(bench, work, run_id)
    first_new = provider.answered_at()[len(before)] - LATENCY_S
    rate = len(before) / (before[-1] - before[0] + LATENCY_S)
    paid_twice = provider.seen().requests - work.rows
    in_flight = min(paid_twice, work.in_flight)
    beyond_s = (paid_twice - in_flight) / rate
    return Killed(paid_twice, in_flight, beyond_s, max(0.0, first_new - ready_at))
