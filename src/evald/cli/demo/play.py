"""The demo from its first line to its last."""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from openai import OpenAIError
from rich.console import Console

from evald.cli.demo.classifiers import CANDIDATES
from evald.cli.demo.display import console_on, progress, show_line, show_run
from evald.cli.demo.server import CONFIG, LOG, DemoServer, NoServer, NotToBeHad, serving
from evald.cli.demo.tickets import TICKETS, tickets
from evald.cli.demo.walkthrough import finished_run, follow, official_client, prepare, start_run

DONE = 0
FAILED = 1
REFUSED = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user has asked for on the command line."""

    models: tuple[str, ...]
    port: int  # 0: any free one
    data_dir: str | None  # None: a fresh temporary folder
    exit: bool


def play(wish: Wish) -> int:
    """Shows the demo and returns the exit code.

    DONE: every run has completed. FAILED: one has not, or the server or the API got in the way.
    REFUSED: the folder or the port is not to be had. INTERRUPTED: Ctrl-C during the runs. A
    temporary folder is removed when nothing was done, or when all is well and nobody stays to read
    the reports (`--exit`).
    """
    console = console_on(sys.stdout)
    folder = _folder(wish.data_dir)
    code = _play_in(folder, wish, console=console)
    well = code == DONE and wish.exit
    if wish.data_dir is None and (well or code == REFUSED):
        shutil.rmtree(folder)
        if well:
            show_line(console, "\nThe data are removed. Without --exit the reports stay open.")
    elif code != REFUSED:
        show_line(console, f"\nThe data stay in {folder}. To serve them again:")
        show_line(console, f"  evald serve --data-dir {folder} --config {folder / CONFIG}")
    return code


def _folder(data_dir: str | None) -> Path:
    if data_dir is None:
        return Path(tempfile.mkdtemp(prefix="evald-demo-"))
    return Path(data_dir).absolute()


def _play_in(folder: Path, wish: Wish, *, console: Console) -> int:
    try:
        with serving(folder, wish.port) as server:
            _introduce(server, wish.models, console=console)
            code = _run_all(server, wish.models, console=console)
            if not wish.exit:
                _serve_on(server, console)
            return code
    except NotToBeHad as refusal:
        return _excuse(str(refusal), REFUSED)
    except NoServer as end:
        return _excuse(str(end), FAILED)
    except OpenAIError as error:
        return _excuse(f"{error}\nThe server's log: {folder / LOG}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _introduce(server: DemoServer, models: tuple[str, ...], *, console: Console) -> None:
    show_line(console, f"Server      {server.url}")
    show_line(console, f"Data        {server.folder}")
    show_line(console, f"Tickets     {TICKETS}: {len(tickets(TICKETS))}, of three categories")
    show_line(console, f"Candidates  {', '.join(models)}")
    if models == CANDIDATES:
        show_line(
            console, "            small classifiers that are part of evald; a token is a word"
        )


def _run_all(server: DemoServer, models: tuple[str, ...], *, console: Console) -> int:
    with official_client(server.url) as client:
        prepared = prepare(client)
        show_line(console, f"Eval        {prepared.evaluation.id}\n")
        with progress(console, models, total=len(tickets(TICKETS))) as advance:
            started = [start_run(client, prepared, model=model) for model in models]
            ended = follow(client, started, advance=advance, pause=server.pause)
        finished = [finished_run(client, run) for run in ended]
    for run in finished:
        show_run(console, run)
    return DONE if all(run.status == "completed" for run in finished) else FAILED


def _serve_on(server: DemoServer, console: Console) -> None:
    """Lets the server go on until Ctrl-C."""
    show_line(console, "\nPoint your own client at it, unchanged:")
    show_line(console, f"  OPENAI_BASE_URL={server.url}/v1 OPENAI_API_KEY=any python your_evals.py")
    show_line(console, f"\nServing at {server.url}. Open the reports; Ctrl-C ends.")
    try:
        server.wait()
    except KeyboardInterrupt:
        show_line(console)


def _excuse(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code
