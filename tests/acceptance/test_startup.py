"""How a server starts, rests, refuses to start, and ends, as its operator sees it."""

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.engine.runs import create_eval, create_run, has_ended, rows, wait_for
from tests.support.mock_provider import MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SOURCE = Path(__file__).parents[2] / "src"
TRIES = 5
"""The machine may be busy otherwise, so that what counts is the best of so many."""

IDLE_S = 10.0
IDLE_TRIES = 3
MOST_IDLE_CPU = 0.02
MOST_IDLE_MB = 130.0


def environment(**settings: str) -> dict[str, str]:
    """No setting but these."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "PYTHONPATH": str(SOURCE), **settings}


def evald(
    *arguments: str, folder: Path, settings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`evald` with these arguments, called in this folder, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "evald", *arguments],
        cwd=folder,
        env=environment(**(settings or {})),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def best_of(tries: int, measure: Callable[[], float], *, target: float) -> float:
    """The least of so many measurements; no more are made than the target needs."""
    least = float("inf")
    for _ in range(tries):
        least = min(least, measure())
        if least <= target:
            break
    return least


def test_help_is_there_before_one_notices(tmp_path: Path) -> None:
    def measure() -> float:
        began = time.perf_counter()
        assert evald("--help", folder=tmp_path).returncode == 0
        return time.perf_counter() - began

    took = best_of(TRIES, measure, target=0.3)

    print(f"evald --help: {took:.3f} s")
    assert took < 0.3


@pytest.mark.parametrize(("path", "target_s"), [("/healthz", 1.5), ("/readyz", 3.5)])
def test_a_server_answers_soon_after_its_start(tmp_path: Path, path: str, target_s: float) -> None:
    def measure() -> float:
        began = time.perf_counter()
        with started(tmp_path) as port:
            until_ok(port, path)
            return time.perf_counter() - began

    took = best_of(TRIES, measure, target=target_s)

    print(f"{path}: {took:.2f} s")
    assert took < target_s


@contextmanager
def started(folder: Path) -> Iterator[int]:
    """The port that a new server will listen on; it is ended with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "evald", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield port
        finally:
            process.kill()


def until_ok(port: int, path: str, *, within_s: float = 30.0) -> None:
    end = time.monotonic() + within_s
    while status(port, path) != 200:
        assert time.monotonic() < end, f"{path} did not answer 200"
        time.sleep(0.01)


def status(port: int, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0


def test_a_server_with_nothing_to_do_rests(tmp_path: Path) -> None:
    with (
        running_provider(MockProvider()) as mock,
        running_server(tmp_path / "data", EVALD_UPSTREAM_BASE_URL=mock.base_url) as server,
    ):
        client = server.client()
        eval_id = create_eval(client)
        run_id = create_run(client, eval_id, rows(300))
        wait_for(server, eval_id, run_id, until=has_ended)
        time.sleep(1)  # what follows a run has been done

        process = psutil.Process(server.process.pid)
        share = best_of(IDLE_TRIES, lambda: idle_share(process), target=MOST_IDLE_CPU)
        resident_mb = process.memory_info().rss / 1e6

    print(f"idle: {share:.1%} CPU, {resident_mb:.1f} MB")
    assert share <= MOST_IDLE_CPU
    assert resident_mb < MOST_IDLE_MB


def idle_share(process: psutil.Process) -> float:
    """The CPU seconds that the process uses in a second, over a while in which nothing is asked."""
    used_s = cpu_s(process)
    time.sleep(IDLE_S)
    return (cpu_s(process) - used_s) / IDLE_S


def cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    seconds: float = used.user + used.system
    return seconds


def test_a_server_ends_soon_while_calls_hang(tmp_path: Path) -> None:
    mock = MockProvider(latency_s=600.0)
    with (
        running_provider(mock),
        running_server(tmp_path / "data", EVALD_UPSTREAM_BASE_URL=mock.base_url) as server,
    ):
        client = server.client()
        eval_id = create_eval(client)
        run_id = create_run(client, eval_id, rows(100))
        wait_for(server, eval_id, run_id, until=lambda _: mock.seen.at_once == 64)

        assert_ends_well(server)


def test_a_server_ends_soon_while_a_function_hangs(tmp_path: Path) -> None:
    (tmp_path / "evald.toml").write_text(
        '[[providers]]\nname = "hanging"\ntype = "python"\ntarget = "hanging:answer"\n'
        'models = ["mock-model"]\n'
    )
    (tmp_path / "hanging.py").write_text(
        "import pathlib, time\n\ndef answer(body):\n"
        "    pathlib.Path('called').touch()\n    time.sleep(600)\n"
    )
    with running_server(tmp_path / "data") as server:
        client = server.client()
        eval_id = create_eval(client)
        run_id = create_run(client, eval_id, rows(3))
        wait_for(server, eval_id, run_id, until=lambda _: (tmp_path / "called").exists())

        assert_ends_well(server)


def test_a_server_ends_soon_while_a_request_is_half_sent(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        eval_id = create_eval(server.client())
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(
                f"POST /v1/evals/{eval_id}/runs HTTP/1.1\r\nHost: localhost\r\n"
                "Authorization: Bearer x\r\nContent-Type: application/json\r\n"
                'Content-Length: 1000\r\n\r\n{"data_source": '.encode()
            )

            assert_ends_well(server)


def assert_ends_well(server: RunningServer) -> None:
    began = time.monotonic()
    code = server.stop()
    took = time.monotonic() - began

    print(f"ended within {took:.2f} s")
    log = server.log.read_text()
    assert (code, "Traceback" in log) == (0, False), log[-4_000:]
    assert took < 10


def test_ctrl_c_ends_a_server_too(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        server.process.send_signal(signal.SIGINT)

        assert server.process.wait(timeout=10) == 0
        assert "Traceback" not in server.log.read_text()


def test_what_is_kept_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)

    with running_server(tmp_path / "data"):
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            '[[providers]]\nname = "vllm"\nbase_url = "http://x"\nmodels = ["m"]\nkey = "sk-x"\n',
            "evald.toml: provider 'vllm' has the key 'key', which is unknown for type 'openai'.",
        ),
        (
            '[[providers]]\nname = "mine"\ntype = "python"\nmodels = ["m"]\n',
            "evald.toml: provider 'mine' has no 'target', which type 'python' needs.",
        ),
        (
            '[[providers]]\nname = "mine"\ntype = "python"\nmodels = ["m"]\ntarget = "a:b"\n',
            "evald.toml: provider 'mine': Module 'a' is neither in {folder} nor on Python's path.",
        ),
        (
            '[[providers]]\nname = "mine"\ntype = "python"\nmodels = ["m"]\ntarget = "json:b"\n',
            "evald.toml: provider 'mine': Module 'json' has no function 'b'.",
        ),
        (
            '[[providers]]\nname = "mine"\ntype = "python"\nmodels = ["m"]\ntarget = "json"\n',
            "evald.toml: provider 'mine': Target 'json' is not of the form 'module:function'.",
        ),
    ],
    ids=["unknown key", "no target", "no module", "no function", "no colon"],
)
def test_a_file_of_providers_that_cannot_be_used_is_refused(
    tmp_path: Path, config: str, sentence: str
) -> None:
    (tmp_path / "evald.toml").write_text(config)

    assert_refused(tmp_path, sentence.format(folder=tmp_path))


@pytest.mark.parametrize(
    ("flags", "settings", "sentence"),
    [
        ([], {"EVALD_PORT": "http"}, "EVALD_PORT is 'http' and must be a whole number."),
        (["--port", "70000"], {}, "EVALD_PORT is 70000 and must be at most 65535."),
        (
            [],
            {"EVALD_LOG_LEVEL": "loud"},
            "EVALD_LOG_LEVEL is 'loud' and must be debug, info, warning or error.",
        ),
        (["--config", "other.toml"], {}, "other.toml does not exist."),
        (
            ["--data-dir", "taken"],
            {},
            "The data folder 'taken' cannot be used: File exists.",
        ),
        (
            ["--host", "0.0.0.0"],
            {},
            "No API key is configured, and 0.0.0.0 can be reached by others: ",
        ),
        (
            ["--host", "no-such-host.invalid"],
            {},
            "Cannot listen on no-such-host.invalid port 0: ",
        ),
        (["--host", "a..b"], {}, "Cannot listen on a..b port 0: "),
    ],
    ids=["port", "port flag", "level", "config", "folder", "open", "host", "host name"],
)
def test_settings_that_cannot_be_meant_are_refused(
    tmp_path: Path, flags: list[str], settings: dict[str, str], sentence: str
) -> None:
    (tmp_path / "taken").touch()

    assert_refused(tmp_path, sentence, *flags, **settings)


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        sentence = f"Cannot listen on 127.0.0.1 port {port}: Address already in use."
        assert_refused(tmp_path, sentence, "--port", port)


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path / "evald-data"):
        sentence = "Another process serves from 'evald-data'; stop it, or name another --data-dir."

        assert_refused(tmp_path, sentence)


def assert_refused(folder: Path, sentence: str, *flags: str, **settings: str) -> None:
    """`evald serve` ends with 2 and this sentence, which may go on."""
    port = () if "--port" in flags or "EVALD_PORT" in settings else ("--port", "0")

    ended = evald("serve", *port, *flags, folder=folder, settings=settings)

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"evald: {sentence}")
    assert ended.stderr.endswith(".\n")
    assert len(ended.stderr.splitlines()) == 1, ended.stderr


@pytest.mark.parametrize("flags", [["--prot", "1"], ["--port"], ["--port", "http"], ["now"]])
def test_flags_that_make_no_sense_are_refused_with_the_usage(
    tmp_path: Path, flags: list[str]
) -> None:
    ended = evald("serve", *flags, folder=tmp_path)

    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: evald serve")
    assert list(tmp_path.iterdir()) == []
