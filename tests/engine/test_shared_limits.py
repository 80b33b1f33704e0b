"""What a provider admits holds over several real workers together, also while one joins. Ours."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.runs import create_eval, create_run, recorded, rows, wait_for
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.running_place import Place, running_place
from tests.support.running_provider import running_provider
from tests.support.running_worker import running_worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

AT_ONCE = 12
PER_MINUTE = 600
PER_S = PER_MINUTE / 60
WINDOW_S = 6.0
ROWS = 1_600

PACED = """
[[providers]]
name = "paced"
base_url = "{base_url}"
models = ["paced-model"]
requests_per_minute = {per_minute}
"""


def test_two_processes_together_keep_to_what_a_provider_admits(tmp_path: Path) -> None:
    with ExitStack() as stack:
        paced = stack.enter_context(running_provider(MockProvider(latency_s=0.1)))
        limited, config = MockProvider(latency_s=0.1), tmp_path / "providers.toml"
        config.write_text(PACED.format(base_url=paced.base_url, per_minute=PER_MINUTE))
        place = stack.enter_context(
            running_place(
                tmp_path,
                limited,
                EVALD_DATABASE_URL=new_database(),
                EVALD_SECRET_KEY="shared",
                EVALD_CONFIG=str(config),
                EVALD_MAX_CONCURRENCY=str(AT_ONCE),
            )
        )
        client = place.server.client()
        eval_id = create_eval(client)
        began = time.monotonic()
        paced_id = create_run(client, eval_id, rows(ROWS), model="paced-model")
        run_id = create_run(client, eval_id, rows(ROWS))
        wait_for(place.server, eval_id, run_id, until=lambda run: recorded(run) >= 50)

        stack.enter_context(running_worker(tmp_path / "worker", **place.settings))
        wait_until(lambda: len(holders(place, run_id)) == len(holders(place, paced_id)) == 2)
        counted = requests_within(paced, WINDOW_S)
        all_of_them, took_s = paced.seen.requests, time.monotonic() - began
        client.evals.runs.cancel(paced_id, eval_id=eval_id)
        run = place.ended(eval_id, run_id, within_s=60)

    assert (run.status, run.result_counts.errored) == ("completed", 0)
    assert len(holders(place, run_id)) == 2
    assert AT_ONCE - 2 <= limited.seen.most_at_once <= AT_ONCE
    assert counted == pytest.approx(PER_S * WINDOW_S, rel=0.2)
    # Each may have made up for at most a second in which it asked nobody.
    assert all_of_them <= PER_S * (took_s + 2)


def holders(place: Place, run_id: str) -> set[str | None]:
    """Who has shards of the run, or had them last."""
    return place.shards(run_id).keys() - {None}


def requests_within(provider: MockProvider, seconds: float) -> int:
    before, end = provider.seen.requests, time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end)
    return provider.seen.requests - before


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.05)
