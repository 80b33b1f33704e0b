"""A run as the benches make it: over a file of rows, watched by a client as people's clients do."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai
import psutil

from bench.measured import Measured
from bench.provider import Provider, running_provider
from bench.rows import POLL_S, rows_file
from bench.usage import cpu_s, forget_peak, peak_mb
from tests.engine.runs import create_eval, has_ended
from tests.support.running_server import RunningServer, running_server

CONCURRENCIES = (64, 100, 500)
WARM_ROWS = 200


@dataclass(frozen=True, slots=True)
class Bench:
    """A server, its provider, and an eval of exact match."""

    server: RunningServer
    provider: Provider
    client: openai.OpenAI
    eval_id: str

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.server.process.pid

    def file_of(self, count: int) -> str:
        """The id of an uploaded file of so many rows."""
        path = rows_file(self.server.folder.parent / f"{count}.jsonl", count)
        with path.open("rb") as file:
            return self.client.files.create(file=file, purpose="evals").id


@dataclass(frozen=True, slots=True)
class Work:
    """What a run is over, and how."""

    eval_id: str
    file_id: str
    rows: int
    in_flight: int = 64
    calls: int = 1  # to the provider, for a row


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that was completed, and what it took; times are of the monotonic clock."""

    run_id: str
    rows: int
    seconds: float  # from POST until a client could see that it is completed
    cpu_s: float
    peak_mb: float
    answered_at: Sequence[float]

    @property
    def cpu_ms(self) -> float:
        """CPU of the server for a row."""
        return 1_000 * self.cpu_s / self.rows

    def measured(self) -> Measured:
        """Its line in the table beside the floor."""
        return Measured("evald", self.rows, self.seconds, self.cpu_s, self.peak_mb)


@contextmanager
def running_bench(folder: Path, **settings: str) -> Iterator[Bench]:
    """A server with a provider for each concurrency, which are one and the same in truth."""
    with running_provider() as provider:
        config = folder / "evald.toml"
        config.write_text("\n".join(_entry(each, provider.base_url) for each in CONCURRENCIES))
        with running_server(folder / "data", EVALD_CONFIG=str(config), **settings) as server:
            client = server.client()
            yield Bench(server, provider, client, create_eval(client))


def _entry(in_flight: int, base_url: str) -> str:
    return (
        f'[[providers]]\nname = "{model(in_flight)}"\nbase_url = "{base_url}"\n'
        f'models = ["{model(in_flight)}"]\nmax_concurrency = {in_flight}\n'
    )


def model(in_flight: int) -> str:
    """The name of the model whose provider takes so many calls at once."""
    return f"at-once-{in_flight}"


def warm(bench: Bench, in_flight: int) -> None:
    """A small run has gone to this provider, whose first calls are few at once."""
    work = Work(bench.eval_id, bench.file_of(WARM_ROWS), WARM_ROWS, in_flight)
    for _ in range(2):
        carry_out(bench, work)


def create(bench: Bench, work: Work) -> str:
    """The id of a run that has just been created."""
    run = bench.client.evals.runs.create(
        work.eval_id,
        data_source={
            "type": "completions",
            "model": model(work.in_flight),
            "input_messages": {
                "type": "template",
                "template": [{"role": "user", "content": "{{ item.prompt }}"}],
            },
            "source": {"type": "file_id", "id": work.file_id},
        },
    )
    return run.id


def carry_out(bench: Bench, work: Work) -> Ran:
    """A run from POST to completed."""
    bench.provider.forget()
    forget_peak(bench.pid)
    used, began = cpu_s(bench.pid), time.monotonic()
    run_id = create(bench, work)
    until_completed(bench, work, run_id)
    seconds = time.monotonic() - began
    return Ran(
        run_id,
        work.rows,
        seconds,
        cpu_s(bench.pid) - used,
        peak_mb(bench.pid),
        bench.provider.answered_at(),
    )


def until_completed(bench: Bench, work: Work, run_id: str) -> None:
    """Asks for the run every fifth of a second, and often once the provider has answered all.

    So the asking costs little, and the end is seen when it comes.
    """
    while True:
        run = bench.client.evals.runs.retrieve(run_id, eval_id=work.eval_id)
        if has_ended(run):
            break
        next_at = time.monotonic() + POLL_S
        while time.monotonic() < next_at:
            time.sleep(0.01)
            if bench.provider.seen().answers >= work.calls * work.rows:
                break
    assert run.status == "completed", run.error
    assert (run.result_counts.total, run.result_counts.errored) == (work.rows, 0)


def machine() -> str:
    """The machine and the time, without which a figure is none."""
    cores, load = psutil.cpu_count(), psutil.getloadavg()[0]
    return f"{time.strftime('%Y-%m-%d %H:%M')}, {cores} cores, load {load:.1f} at the start"
