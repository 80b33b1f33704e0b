"""A team's CI gate, `ci_gate.py`, moved to this server by OPENAI_BASE_URL and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from pydantic import JsonValue

from tests.acceptance.ci_gate import wait
from tests.support.mock_provider import Faults, MockProvider, Seen
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

GATE = Path(__file__).with_name("ci_gate.py")
TEAM_KEY = "sk-proj-the-key-of-the-team"
UPSTREAM_KEY = "sk-the-key-of-the-operator"
ROWS = 40
REFUSED = ROWS - 1
"""The row refused with a 401 comes last: the slow call, an early one, is another."""

LONG_S = 150.0
ATTEMPT_TIMEOUT_S = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the gate ended, what it printed, and what the provider saw."""

    exit_code: int
    status: str
    counts: dict[str, JsonValue]
    complaint: str
    seen: Seen


def team_environment() -> dict[str, str]:
    """What the team's CI sets. None of it is ours, and no base URL is among it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "OPENAI_API_KEY": TEAM_KEY,
        "OPENAI_PROJECT_ID": "proj_a1B2c3D4e5F6g7H8",
        "OPENAI_ORG_ID": "org-a1B2c3D4e5F6g7H8",
    }


def write_tickets(path: Path, *, wrong: int) -> None:
    """Tickets which the provider, as it echoes them, answers rightly, but for the first `wrong`."""
    lines = []
    for number in range(ROWS):
        mark = " [refused]" if number == REFUSED else ""
        team = "nobody" if number < wrong else "hardware"
        item = {"ticket": f"Ticket {number} for the Hardware team{mark}", "team": team}
        lines.append(json.dumps({"item": item}))
    path.write_text("\n".join(lines) + "\n")


def gate(server: RunningServer, tickets: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(GATE), str(tickets), "--model", "gpt-4.1-mini", *flags],
        env={**team_environment(), "OPENAI_BASE_URL": f"{server.url}/v1"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture(scope="module")
def provider() -> Iterator[MockProvider]:
    with running_provider(MockProvider()) as running:
        yield running


@contextmanager
def team_server(folder: Path, provider: MockProvider, **settings: str) -> Iterator[RunningServer]:
    """A server at this provider, for the team and nobody else."""
    with running_server(
        folder / "data",
        EVALD_API_KEY=TEAM_KEY,
        EVALD_UPSTREAM_API_KEY=UPSTREAM_KEY,
        EVALD_UPSTREAM_BASE_URL=provider.base_url,
        EVALD_MAX_CONCURRENCY="4",
        **settings,
    ) as server:
        yield server


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, provider: MockProvider
) -> Iterator[RunningServer]:
    """A server that has all the time in the world."""
    with team_server(tmp_path_factory.mktemp("gate"), provider) as running:
        yield running


def outcome(server: RunningServer, provider: MockProvider, folder: Path, faults: Faults) -> Outcome:
    """The gate's outcome on the tickets of this folder, at a provider with these faults."""
    provider.forget()
    provider.faults = faults
    ended = gate(server, folder / "tickets.jsonl", "--at-least", "0.9")
    assert "Traceback" not in ended.stderr, ended.stderr
    status, _, counts = ended.stdout.splitlines()[-1].partition(": ")
    return Outcome(ended.returncode, status, json.loads(counts), ended.stderr, provider.seen)


def faults(*, slow_s: float) -> Faults:
    """Every fourth call meets a 429, one takes long, and one row is refused with a 401."""
    return Faults(
        refuse_prompt="[refused]",
        rate_limit_every=4,
        retry_after_s=0.1,
        slow_at=3,
        slow_s=slow_s,
    )


def test_the_gate_passes_where_one_row_is_refused_and_a_late_one_asked_again(
    tmp_path: Path, provider: MockProvider
) -> None:
    write_tickets(tmp_path / "tickets.jsonl", wrong=0)
    impatient = {"EVALD_ATTEMPT_TIMEOUT_S": str(ATTEMPT_TIMEOUT_S)}
    with team_server(tmp_path, provider, **impatient) as server:
        ended = outcome(server, provider, tmp_path, faults(slow_s=LONG_S))

    assert ended.status == "completed"
    assert ended.counts == {"total": ROWS, "errored": 1, "failed": 0, "passed": ROWS - 1}
    assert ended.exit_code == 0
    seen = ended.seen
    assert (seen.abandoned, seen.refusals, seen.answers) == (1, 1, ROWS - 1)
    assert seen.rate_limits >= ROWS // 4
    assert seen.requests == ROWS + seen.abandoned + seen.rate_limits
    assert seen.authorizations == {f"Bearer {UPSTREAM_KEY}"}  # never the team's own


def test_the_gate_waits_for_the_late_answer_where_there_is_time(
    server: RunningServer, provider: MockProvider, tmp_path: Path
) -> None:
    write_tickets(tmp_path / "tickets.jsonl", wrong=0)

    ended = outcome(server, provider, tmp_path, faults(slow_s=2 * ATTEMPT_TIMEOUT_S))

    assert ended.counts == {"total": ROWS, "errored": 1, "failed": 0, "passed": ROWS - 1}
    assert ended.exit_code == 0
    assert (ended.seen.abandoned, ended.seen.answers) == (0, ROWS - 1)


def test_the_gate_fails_where_too_many_rows_do(
    server: RunningServer, provider: MockProvider, tmp_path: Path
) -> None:
    write_tickets(tmp_path / "tickets.jsonl", wrong=5)

    ended = outcome(server, provider, tmp_path, faults(slow_s=0.1))

    assert ended.status == "completed"
    assert ended.counts == {"total": ROWS, "errored": 1, "failed": 5, "passed": ROWS - 6}
    assert ended.exit_code == 1


def test_the_gate_fails_where_the_provider_refuses_the_key(
    server: RunningServer, provider: MockProvider, tmp_path: Path
) -> None:
    write_tickets(tmp_path / "tickets.jsonl", wrong=0)

    ended = outcome(server, provider, tmp_path, Faults(refuse_prompt="Ticket"))

    assert ended.status == "failed"
    assert ended.counts["passed"] == 0
    assert ended.exit_code == 1
    assert ended.complaint == "invalid_api_key: Incorrect API key provided.\n"


def test_what_the_gate_missed_in_an_outage_is_made_good_by_a_retry(
    tmp_path: Path, provider: MockProvider
) -> None:
    write_tickets(tmp_path / "tickets.jsonl", wrong=1)
    provider.faults = Faults(error_every=1)
    with team_server(tmp_path, provider, EVALD_MAX_ATTEMPTS="1") as server:
        missed = gate(server, tmp_path / "tickets.jsonl", "--at-least", "0.9")
        page = httpx2.URL(missed.stdout.splitlines()[0].removeprefix("See "))
        eval_id, run_id = page.path.split("/")[-1], page.params["run_id"]
        provider.faults = Faults()
        url = f"{server.url}/v1/evald/runs/{run_id}/retry"
        httpx2.post(url, headers={"authorization": f"Bearer {TEAM_KEY}"}).raise_for_status()
        client = server.client(api_key=TEAM_KEY)
        run = wait(client, eval_id, run_id)

    assert missed.returncode == 1
    counts = {"total": ROWS, "errored": ROWS, "failed": 0, "passed": 0}
    status, _, told = missed.stdout.splitlines()[-1].partition(": ")
    assert (status, json.loads(told)) == ("completed", counts)
    assert run.status == "completed"
    assert run.result_counts.to_dict() == {**counts, "errored": 0, "failed": 1, "passed": ROWS - 1}


def test_the_gate_knows_nothing_of_this_server() -> None:
    assert "evald" not in GATE.read_text()
