"""Second chances over the death of real processes: every row once, counts right. Ours."""

import json
import threading
from collections.abc import Iterator

import pytest

from tests.engine.runs import SAME, item_rows, recorded, wait_for
from tests.support.mock_provider import Faults, MockProvider
from tests.support.running_place import WORKER_COUNTS, Place, running_place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ROWS = 1_200
AWAY = Faults(error_every=1)
WINDOW = 16


@pytest.fixture(scope="module", params=WORKER_COUNTS)
def opened_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("chances")
    settings = {"EVALD_MAX_ATTEMPTS": "1", "EVALD_MAX_CONCURRENCY": str(2 * WINDOW)}
    provider = MockProvider(latency_s=0.02)
    with running_place(folder, provider, workers=request.param, **settings) as running:
        yield running


@pytest.fixture
def place(opened_place: Place) -> Place:
    """The place, at a provider that is well."""
    opened_place.provider.faults = Faults()
    return opened_place


def test_an_outage_is_made_good_by_a_retry_over_a_kill(place: Place) -> None:
    eval_id, run_id = place.begun(ROWS, least=300)
    place.provider.faults = AWAY
    first = place.ended(eval_id, run_id)
    place.provider.faults = Faults()
    answers, errored = place.provider.seen.answers, first.result_counts.errored

    taken_up = place.second(run_id, "retry")
    wait_for(place.server, eval_id, run_id, until=lambda run: recorded(run) >= ROWS - errored // 2)
    place.kill()
    run = place.whole(eval_id, run_id, count=ROWS)

    assert 0 < errored <= ROWS - 300
    assert taken_up["status"] == "in_progress"
    again = place.provider.seen.answers - answers
    # What was in flight, or finished in the last tenth of a second, is asked for once more.
    assert errored <= again <= errored + 2 * WINDOW + 64 + 200
    assert [each.invocation_count for each in run.per_model_usage] == [ROWS]


def test_a_retry_right_at_the_end_is_not_lost_to_a_kill(place: Place) -> None:
    place.provider.faults = Faults(refuse_prompt="say 59")
    eval_id, run_id = place.run(60)

    for _ in range(2):
        place.ended(eval_id, run_id)
        place.second(run_id, "retry")
        place.kill()
    place.provider.faults = Faults()
    place.ended(eval_id, run_id)
    place.second(run_id, "retry")

    place.whole(eval_id, run_id, count=60)


def test_a_run_that_was_refused_is_resumed(place: Place) -> None:
    place.provider.faults = Faults(refuse_prompt="say")
    eval_id, run_id = place.run(ROWS)
    refused = place.ended(eval_id, run_id)
    place.provider.faults = Faults()

    place.second(run_id, "resume")
    wait_for(place.server, eval_id, run_id, until=lambda run: recorded(run) >= ROWS // 2)
    place.kill()

    place.whole(eval_id, run_id, count=ROWS)
    assert (refused.status, refused.error.code) == ("failed", "invalid_api_key")
    assert refused.result_counts.total < ROWS


def test_a_run_that_is_canceled_and_resumed_again_and_again_ends(place: Place) -> None:
    eval_id, run_id = place.run(ROWS)
    client = place.server.client()

    for pause_s in (0.0, 0.0, 0.05, 0.1, 0.0, 0.2):
        threading.Event().wait(pause_s)
        client.evals.runs.cancel(run_id, eval_id=eval_id)
        place.second(run_id, "resume")

    run = place.ended(eval_id, run_id)
    if run.result_counts.errored:  # none is, unless a call that was cut off counts as such
        place.second(run_id, "retry")
    place.whole(eval_id, run_id, count=ROWS)


def test_grading_anew_asks_nobody_over_a_kill(place: Place) -> None:
    eval_id, run_id = place.run(ROWS)
    place.whole(eval_id, run_id, count=ROWS)
    requests = place.provider.seen.requests

    made = place.second(run_id, "regrade", testing_criteria=[{**SAME, "operation": "ne"}])
    place.kill()
    run = place.ended(str(made["eval_id"]), str(made["id"]))

    counts = {"total": ROWS, "errored": 0, "failed": ROWS - ROWS // 10, "passed": ROWS // 10}
    assert (run.status, run.result_counts.to_dict()) == ("completed", counts)
    assert item_rows(place.server.client(), run.eval_id, run.id) == list(range(ROWS))
    assert place.provider.seen.requests == requests
    assert run.per_model_usage == []


def test_two_requests_at_one_moment_take_a_run_up_once(place: Place) -> None:
    place.provider.faults = Faults(refuse_prompt="say 9")
    eval_id, run_id = place.run(60)
    place.ended(eval_id, run_id)
    answered: list[dict[str, object]] = []

    threads = [
        threading.Thread(target=lambda: answered.append(place.second(run_id, "retry")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = place.ended(eval_id, run_id)

    assert len(answered) == 6, json.dumps(answered)
    assert run.result_counts.to_dict() == {"total": 60, "errored": 1, "failed": 5, "passed": 54}
