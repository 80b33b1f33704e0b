"""A place where runs are carried out by real processes: a provider, a server, perhaps workers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from openai.types.evals import RunRetrieveResponse
from sqlalchemy import create_engine, text

from evald.adapters.sql.postgresql import read_url
from tests.engine.runs import (
    create_eval,
    create_run,
    has_ended,
    item_rows,
    recorded,
    rows,
    wait_for,
)
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server
from tests.support.running_worker import RunningWorker, running_worker

WORKER_COUNTS = [pytest.param(0, id="one process"), pytest.param(2, id="two workers")]
"""For a fixture whose tests hold in both kinds of place."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who carries out runs, whom they ask, and what each of the processes is told.

    With workers the server only answers. Without, it does the work as well.
    """

    provider: MockProvider
    server: RunningServer
    workers: Sequence[RunningWorker]
    settings: Mapping[str, str]

    def run(self, count: int) -> tuple[str, str]:
        """An eval, and a run of so many rows; every tenth of them fails."""
        client = self.server.client()
        eval_id = create_eval(client)
        return eval_id, create_run(client, eval_id, rows(count))

    def begun(self, count: int, *, least: int) -> tuple[str, str]:
        """The same, once at least so many of the rows are recorded."""
        eval_id, run_id = self.run(count)
        wait_for(self.server, eval_id, run_id, until=lambda run: recorded(run) >= least)
        return eval_id, run_id

    def second(self, run_id: str, verb: str, **body: object) -> dict[str, object]:
        """A second chance, by the verb of its route; the run that is answered."""
        headers = {"authorization": "Bearer sk-anything"}
        url = f"{self.server.url}/v1/evald/runs/{run_id}/{verb}"
        answer = httpx2.post(url, json=body or None, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        made: dict[str, object] = answer.json()
        return made

    def kill(self) -> None:
        """Somebody who works on runs is killed, and goes on."""
        victim = self.workers[0] if self.workers else self.server
        victim.kill()
        victim.start()

    def ended(self, eval_id: str, run_id: str, *, within_s: float = 90.0) -> RunRetrieveResponse:
        """The run once it stays as it is."""
        return wait_for(self.server, eval_id, run_id, until=has_ended, within_s=within_s)

    def whole(
        self, eval_id: str, run_id: str, *, count: int, within_s: float = 90.0
    ) -> RunRetrieveResponse:
        """The run, which has completed: every row once, the counts right."""
        run = self.ended(eval_id, run_id, within_s=within_s)
        assert run.status == "completed", run.error
        assert item_rows(self.server.client(), eval_id, run_id) == list(range(count))
        failed = count // 10
        counts = {"total": count, "errored": 0, "failed": failed, "passed": count - failed}
        assert run.result_counts.to_dict() == counts
        (criterion,) = run.per_testing_criteria_results
        assert (criterion.passed, criterion.failed) == (count - failed, failed)
        return run

    def select(self, sql: str, **values: str) -> list[tuple[object, ...]]:
        """What a look into the place's PostgreSQL finds."""
        engine = create_engine(read_url(self.settings["EVALD_DATABASE_URL"]))
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(sql), values)]
        engine.dispose()
        return found

    def shards(self, run_id: str) -> dict[str | None, int]:
        """How many shards of the run each worker has, or had last; None: nobody has had them."""
        counted = (
            "SELECT worker_id, count(*) FROM evald.run_shards JOIN evald.runs"
            " ON runs.seq = run_shards.run_seq WHERE runs.id = :id GROUP BY worker_id"
        )
        found = self.select(counted, id=run_id)
        return {None if each is None else str(each): int(str(n)) for each, n in found}


@contextmanager
def running_place(
    folder: Path, provider: MockProvider, *, workers: int = 0, **settings: str
) -> Iterator[Place]:
    """A place below this folder, at work; all of it ends with the block.

    Workers share a new database on PostgreSQL. Without any, the server keeps what it has in files,
    unless its settings name a database.
    """
    with ExitStack() as stack:
        stack.enter_context(running_provider(provider))
        told = {"EVALD_UPSTREAM_BASE_URL": provider.base_url, **settings}
        if workers:
            told |= {"EVALD_DATABASE_URL": new_database(), "EVALD_SECRET_KEY": "shared"}
        working = [
            stack.enter_context(running_worker(folder / f"worker{number}", **told))
            for number in range(workers)
        ]
        only_answers = {"EVALD_WORK": "false"} if workers else {}
        server = stack.enter_context(running_server(folder / "server", **told, **only_answers))
        yield Place(provider, server, working, told)
