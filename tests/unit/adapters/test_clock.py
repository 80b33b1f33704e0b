"""What the system's clock gives. Source of the ids' shapes: observed 2025-05 and 2026-07."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from evald.adapters.clock import SystemClock
from evald.ports.clock import Clock
from evald.wire.ids import IdPrefix

CLOCK: Clock = SystemClock()


@pytest.mark.parametrize("prefix", IdPrefix)
def test_an_id_begins_with_its_prefix_and_second(prefix: IdPrefix) -> None:
    before = CLOCK.now()
    made = CLOCK.new_id(prefix)
    after = CLOCK.now()

    found = re.fullmatch(rf"{prefix}([0-9a-f]{{8}})[0-9a-f]{{24}}", made)
    assert found is not None
    assert before <= int(found[1], 16) <= after


def test_a_file_id_is_of_base_62() -> None:
    assert re.fullmatch(r"file-[0-9A-Za-z]{22}", CLOCK.new_file_id())


def test_a_uuid_is_a_random_one() -> None:
    made = uuid.UUID(CLOCK.new_uuid())

    assert (made.version, made.variant) == (4, uuid.RFC_4122)


def test_no_id_comes_twice() -> None:
    made = {CLOCK.new_id(IdPrefix.EVAL) for _ in range(1_000)}
    made |= {CLOCK.new_file_id() for _ in range(1_000)}
    made |= {CLOCK.new_uuid() for _ in range(1_000)}

    assert len(made) == 3_000


def test_no_id_comes_twice_to_threads_that_ask_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(CLOCK.new_id, [IdPrefix.OUTPUT_ITEM] * 20_000))

    assert len(set(made)) == 20_000


def test_jitter_is_a_share() -> None:
    jitters = [CLOCK.jitter() for _ in range(1_000)]

    assert all(0.0 <= each < 1.0 for each in jitters)
    assert min(jitters) < 0.5 < max(jitters)


async def test_the_monotonic_clock_goes_on_while_it_sleeps() -> None:
    before = CLOCK.monotonic()

    await CLOCK.sleep(0.01)

    assert CLOCK.monotonic() - before >= 0.009
