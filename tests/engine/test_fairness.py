"""A small run beside a large one ends in seconds: nobody waits for all of another's rows. Ours."""

import time
from pathlib import Path

import pytest

from tests.engine.runs import create_eval, create_run, has_ended, recorded, rows, wait_for
from tests.support.mock_provider import MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LARGE = 30_000
SMALL = 10
SECONDS = 5.0


def test_a_run_of_ten_rows_ends_in_seconds_during_a_large_one(tmp_path: Path) -> None:
    with (
        running_provider(MockProvider(latency_s=0.2)) as mock,
        running_server(tmp_path / "data", EVALD_UPSTREAM_BASE_URL=mock.base_url) as server,
    ):
        client = server.client()
        eval_id = create_eval(client)
        large = create_run(client, eval_id, rows(LARGE))
        wait_for(server, eval_id, large, until=lambda run: recorded(run) >= 500)

        began = time.monotonic()
        small = create_run(client, eval_id, rows(SMALL))
        wait_for(server, eval_id, small, until=has_ended)
        seconds = time.monotonic() - began
        meanwhile = client.evals.runs.retrieve(large, eval_id=eval_id)

    print(f"{SMALL} rows in {seconds:.2f} s beside {LARGE:,}")
    assert not has_ended(meanwhile)
    assert seconds < SECONDS
