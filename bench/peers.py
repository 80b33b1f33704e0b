"""`make bench-peers`: the same rows through other tools, where they are installed.

Each tool asks the same mock provider, which answers at once, 64 calls at once, and checks for an
exact match; caches are off. A run of few rows tells what starting costs: it is taken off from rows
a second and CPU. The provider counts the calls. Stored are the results alone. Of evald, whose
server goes on, the first figure is from its start to the end of a run of one row.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.floor import measure_floor
from bench.provider import Provider, running_provider
from bench.rows import rows_file
from bench.run import Bench, Work, carry_out, machine, running_bench
from bench.usage import cpu_s, disk_mb, peak_mb

AT_ONCE = 64
FEW = 10
HEADING = (
    f"{'':<26} {'one row, cold':>13} {'rows/s':>8} {'CPU ms/row':>11} {'peak MB':>8}"
    f" {'KB stored/1,000 rows':>21}"
)

INSPECT_TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

@task
def rows():
    fields = FieldSpec(input="prompt", target="expected")
    return Task(dataset=json_dataset("rows.jsonl", fields), solver=generate(), scorer=exact())
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took, from the start of the process on."""

    rows: int
    seconds: float
    cpu_s: float
    peak_mb: float
    stored_mb: float


@dataclass(frozen=True, slots=True)
class Peer:
    """A command-line tool, and how it is called on a folder of rows."""

    name: str
    install: str
    prepare: Callable[[Path, str], None]
    arguments: Sequence[str]
    version: Sequence[str] = ("--version",)


class PeerFailed(Exception):
    """A tool did not do what it was to."""


def main() -> None:
    """Prints a line for each tool, or a sentence on what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000)
    for peer in PEERS:
        parser.add_argument(f"--{peer.name}", help=f"the command, where it is not `{peer.name}`")
    chosen = vars(parser.parse_args())
    rows = int(chosen["rows"])
    print(f"{platform.machine()}, Python {platform.python_version()}; {machine()}")
    print(f"{rows:,} rows of 1.1 KB, {AT_ONCE} in flight, no latency\n{HEADING}", flush=True)
    with running_provider() as provider, tempfile.TemporaryDirectory() as name:
        for peer in PEERS:
            command = shutil.which(chosen[peer.name] or peer.name)
            if command is None:
                print(f"{peer.name} is not installed: {peer.install}")
                continue
            folders = [Path(name) / peer.name / str(each) for each in (1, FEW, rows)]
            try:
                costs = [cost(peer, command, provider, each) for each in folders]
            except PeerFailed as failed:
                print(failed)
            else:
                print(line(f"{peer.name} {version(peer, command)}", costs), flush=True)
        print(line("evald", [of_evald(1), *both_of_evald(rows)]))
        floor = measure_floor(rows_file(Path(name) / "rows", rows), provider.base_url, AT_ONCE)
        rate, cpu = floor.rows / floor.seconds, 1_000 * floor.cpu_s / floor.rows
        print(f"{floor.what:<26} {'':>13} {rate:>8,.0f} {cpu:>11.2f} {floor.peak_rss_mb:>8.0f}")


def line(name: str, costs: Sequence[Cost]) -> str:
    """The line of a tool, from runs of one row, of few, and of all."""
    one, few, all_rows = costs
    rows = all_rows.rows - few.rows
    rate = rows / (all_rows.seconds - few.seconds)
    cpu = 1_000 * (all_rows.cpu_s - few.cpu_s) / rows
    stored = 1e6 * all_rows.stored_mb / all_rows.rows
    return (
        f"{name:<26} {one.seconds:>11.1f} s {rate:>8,.0f} {cpu:>11.2f}"
        f" {all_rows.peak_mb:>8.0f} {stored:>21,.0f}"
    )


def cost(peer: Peer, command: str, provider: Provider, folder: Path) -> Cost:
    """What the tool takes for as many rows as the folder is called.

    Raises:
        PeerFailed: it did, or did not ask once for each row.
    """
    rows = int(folder.name)
    given = folder / "given"
    given.mkdir(parents=True)
    write_rows(given / "rows.jsonl", rows)
    peer.prepare(given, provider.base_url)
    provider.forget()
    log = given / "log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command, *peer.arguments],
            cwd=folder,
            env=environment(folder, provider.base_url),
            stdout=output,
            stderr=output,
        )
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if (process.returncode, provider.seen().answers) != (0, rows):
        told = f"{peer.name} ended with {process.returncode}, {rows} rows, {provider.seen()}"
        raise PeerFailed(f"{told}:\n{log.read_text()[-3_000:]}")
    stored = disk_mb(folder / "stored")
    cpu = used.ru_utime + used.ru_stime
    return Cost(rows, seconds, cpu, used.ru_maxrss * 1_024 / 1e6, stored)


def write_rows(path: Path, rows: int) -> None:
    """The rows of every bench, without the `item` around each."""
    rows_file(path, rows)
    items = [json.loads(each)["item"] for each in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(each) + "\n" for each in items))


def version(peer: Peer, command: str) -> str:
    """What the tool calls its version."""
    printed = subprocess.run(
        [command, *peer.version], capture_output=True, text=True, check=False, timeout=60
    ).stdout.split()
    return printed[-1] if printed else "?"


def environment(folder: Path, base_url: str) -> Mapping[str, str]:
    """Where a tool finds the provider, and that it stores here and calls nobody else."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "OPENAI_API_KEY": "any",
        "OPENAI_BASE_URL": base_url,
        "PROMPTFOO_CONFIG_DIR": str(folder / "stored"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        # On Node.js 20 it ends with an error now and then over closing these.
        "PROMPTFOO_DISABLE_DEBUG_LOG": "1",
        "PROMPTFOO_DISABLE_ERROR_LOG": "1",
        "PROMPTFOO_FAILED_TEST_EXIT_CODE": "0",
        "INSPECT_LOG_DIR": str(folder / "stored"),
    }


def prepare_promptfoo(given: Path, base_url: str) -> None:
    """A configuration with a test for each row."""
    items = [json.loads(each) for each in (given / "rows.jsonl").read_text().splitlines()]
    config = {
        "prompts": ["{{prompt}}"],
        "providers": [{"id": "openai:chat:mock-model", "config": {"apiBaseUrl": base_url}}],
        "defaultTest": {"assert": [{"type": "equals", "value": "{{expected}}"}]},
        "tests": [{"vars": item} for item in items],
    }
    (given / "promptfooconfig.json").write_text(json.dumps(config))


def prepare_inspect(given: Path, _: str) -> None:
    """A task over the rows."""
    (given / "rows.py").write_text(INSPECT_TASK)


PEERS = [
    Peer(
        "promptfoo",
        "`npm install promptfoo` in a folder of its own, then "
        "ARGS=--promptfoo=<folder>/node_modules/.bin/promptfoo",
        prepare_promptfoo,
        (
            *("eval", "--config", "given/promptfooconfig.json", "--no-cache", "--no-table"),
            *("--no-progress-bar", "--max-concurrency", str(AT_ONCE)),
        ),
    ),
    Peer(
        "inspect",
        "`pip install inspect-ai openai` in an environment of its own, then "
        "ARGS=--inspect=<environment>/bin/inspect",
        prepare_inspect,
        (
            *("eval", "given/rows.py", "--model", "openai/mock-model", "--display", "none"),
            # Chat completions, as with the others.
            *("-M", "responses_api=false"),
            *("--max-connections", str(AT_ONCE), "--max-samples", str(AT_ONCE)),
        ),
    ),
]


def of_evald(rows: int) -> Cost:
    """What evald takes for a run of so many rows on a new server, its start included."""
    with tempfile.TemporaryDirectory() as name:
        began = time.monotonic()
        with running_bench(Path(name)) as bench:
            run_of(bench, rows)
            seconds = time.monotonic() - began
            return Cost(rows, seconds, cpu_s(bench.pid), peak_mb(bench.pid), 0.0)


def both_of_evald(rows: int) -> list[Cost]:
    """A run of few rows and one of all, on one server that has been warmed by the first."""
    with tempfile.TemporaryDirectory() as name, running_bench(Path(name)) as bench:
        run_of(bench, FEW)
        return [run_of(bench, FEW), run_of(bench, rows)]


def run_of(bench: Bench, rows: int) -> Cost:
    """What one run takes of a running server."""
    file_id = bench.file_of(rows)
    stored = disk_mb(bench.server.folder)
    ran = carry_out(bench, Work(bench.eval_id, file_id, rows, AT_ONCE))
    grown = disk_mb(bench.server.folder) - stored
    return Cost(rows, ran.seconds, ran.cpu_s, ran.peak_mb, grown)


if __name__ == "__main__":
    main()
