"""`evald doctor`, as an operator calls it: healthy, with problems, with calls, beside a server."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support.mock_provider import MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import running_server

SOURCE = Path(__file__).parents[2] / "src"
KEY = "sk-very-secret"


def doctor(
    folder: Path, *flags: str, port: str = "0", **settings: str
) -> subprocess.CompletedProcess[str]:
    """`evald doctor` in this folder, to its end, with no setting but these."""
    path = os.environ.get("PATH", os.defpath)
    return subprocess.run(
        [sys.executable, "-m", "evald", "doctor", *flags],
        cwd=folder,
        env={"PATH": path, "PYTHONPATH": str(SOURCE), "EVALD_PORT": port, **settings},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def problems(ended: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What `--json` calls a problem: check → message and advice."""
    found = json.loads(ended.stdout)
    assert all(set(each) == {"check", "state", "message", "advice"} for each in found)
    return {
        each["check"]: f"{each['message']} {each['advice']}"
        for each in found
        if each["state"] == "problem"
    }


class Refusing(BaseHTTPRequestHandler):
    """Answers everything with 401, as OpenAI does, key and all, at a time long gone."""

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "")
        body = json.dumps({"error": {"message": f"Incorrect API key: {given}\x1b[2J\nBye."}})
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Sat, 01 Nov 2025 00:00:00 GMT"

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def refusing_provider() -> Iterator[str]:
    """The base URL of a provider that refuses every key."""
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join(10)


def test_an_empty_folder_is_healthy_and_stays_empty(tmp_path: Path) -> None:
    ended = doctor(tmp_path)

    *lines, last = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert all(re.match(r"(\+ ok     |! note   )  \w", line) for line in lines), ended.stdout
    assert last.startswith("Problems: 0.")
    assert list(tmp_path.iterdir()) == []


def test_every_problem_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "evald.sqlite3").write_text("no database at all" * 100)
    (tmp_path / "own.py").write_text(f"print('{KEY}')\n")
    (tmp_path / "evald.toml").write_text(
        '[[providers]]\nname = "a"\nbase_url = "http://x"\nmodels = ["m"]\napi_key_env = "A_KEY"\n'
        '[[providers]]\nname = "b"\ntype = "python"\nmodels = ["n"]\ntarget = "own:answer"\n'
    )

    ended = doctor(tmp_path, "--json", "--data-dir", "data", "--host", "192.0.2.1")

    found = problems(ended)
    assert ended.returncode == 1
    assert set(found) == {"database", "integrity", "port", "provider a", "provider b"}
    assert "A_KEY" in found["provider a"]
    assert "has no function 'answer'" in found["provider b"]


def test_settings_that_cannot_be_read_end_it(tmp_path: Path) -> None:
    ended = doctor(tmp_path, "--json", port="http")

    sentence = "EVALD_PORT is 'http' and must be a whole number."
    assert (ended.returncode, ended.stderr) == (2, f"evald: {sentence}\n")
    assert problems(ended)["settings"].startswith(sentence)


def test_a_provider_is_called_where_that_is_asked_for(tmp_path: Path) -> None:
    with running_provider(MockProvider()) as mock:
        settings = {"EVALD_UPSTREAM_BASE_URL": mock.base_url, "OPENAI_API_KEY": KEY}
        silent = doctor(tmp_path, **settings)
        assert mock.seen.authorizations == set()
        ended = doctor(tmp_path, "--call", **settings)

    assert (silent.returncode, ended.returncode) == (0, 0)
    assert "call default" not in silent.stdout
    assert re.search(r"\+ ok +call default +Answered within .* lists 1 models\.", ended.stdout)
    assert mock.seen.authorizations == {f"Bearer {KEY}"}
    assert KEY not in ended.stdout + ended.stderr


def test_a_refused_key_is_a_problem_and_is_not_shown(tmp_path: Path) -> None:
    with refusing_provider() as base_url:
        settings = {"EVALD_UPSTREAM_BASE_URL": base_url, "EVALD_UPSTREAM_API_KEY": KEY}
        ended = doctor(tmp_path, "--call", **settings)

    refused, skew = [line for line in ended.stdout.splitlines() if line.startswith("x problem")]
    assert ended.returncode == 1
    assert "refused the key (401): Incorrect API key: Bearer ***?[2J Bye." in refused
    assert "EVALD_UPSTREAM_API_KEY" in refused
    assert "ahead of that of provider 'default'" in skew
    assert KEY not in ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_running_server_is_noticed_and_left_in_peace(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        server.client().files.list()

        ended = doctor(tmp_path, "--json", "--data-dir", "data", port=str(server.port))

        server.client().files.list()
        states = {each["check"]: each for each in json.loads(ended.stdout)}
        assert (ended.returncode, problems(ended)) == (0, {})
        assert states["port"]["message"].startswith("evald is running from this folder")
        assert (states["database"]["state"], states["integrity"]["state"]) == ("ok", "ok")
