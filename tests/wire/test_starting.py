"""How a server starts, refuses to, lets in and ends; all ours."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import httpx2
import openai
import pytest

from evald.cli.main import main
from tests.support.running_server import ROOT, RunningServer, running_server
from tests.wire.bodies import an_eval
from tests.wire.conftest import STATIC_KEY, plain_http

pytestmark = pytest.mark.slow  # nearly each starts a process of its own

REVOKED_WITHIN_S = 2.5
"""Two seconds, and a little for the asking."""


def evald(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command's exit code and what it printed."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "evald", *map(str, arguments)],
        env={**kept, "PYTHONPATH": str(ROOT / "src"), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command ended with that was called in this process: what it loads is loaded once."""

    returncode: int
    stdout: str
    stderr: str


def evald_here(*arguments: str | Path) -> Ended:
    """As `evald`, for a verb that leaves nothing of its own behind in the process."""
    said, complained = StringIO(), StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        code = main([*map(str, arguments)])
    return Ended(code, said.getvalue(), complained.getvalue())


def assert_refuses(ended: subprocess.CompletedProcess[str] | Ended, *words: str) -> None:
    assert ended.returncode == 2
    (sentence,) = ended.stderr.strip().splitlines()
    assert sentence.startswith("evald: ")
    assert sentence.endswith(".")
    assert all(word in sentence for word in words), sentence


def test_without_a_key_the_server_stays_on_loopback(tmp_path: Path) -> None:
    ended = evald("serve", "--host", "0.0.0.0", "--port", "0", "--data-dir", tmp_path / "data")

    keys = ["No API key is configured", "evald keys create", "EVALD_API_KEY"]
    assert_refuses(ended, *keys, "0.0.0.0")


def test_a_second_server_on_the_same_folder_is_refused(server: RunningServer) -> None:
    ended = evald("serve", "--port", "0", "--data-dir", server.folder)

    assert_refuses(ended, "Another process serves from", str(server.folder), "--data-dir")


def test_a_database_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evald.sqlite3").write_bytes(b"not a database" * 100)

    served = evald("serve", "--port", "0", "--data-dir", tmp_path)
    listed = evald_here("keys", "--data-dir", tmp_path, "list")

    for ended in (served, listed):
        assert_refuses(ended, "evald.sqlite3", "file is not a database", "name another one")


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "evald.sqlite3")) as database:
        database.execute("CREATE TABLE theirs (a)")
        database.commit()

    ended = evald("serve", "--port", "0", "--data-dir", tmp_path)

    assert_refuses(ended, "another program's tables")
    with closing(sqlite3.connect(tmp_path / "evald.sqlite3")) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_damaged_file_of_the_durable_engine_is_named(tmp_path: Path) -> None:
    (tmp_path / "dbos.sqlite3").write_bytes(b"not a database" * 100)

    ended = evald("serve", "--port", "0", "--data-dir", tmp_path)

    assert ended.returncode == 2
    assert "dbos.sqlite3' cannot be used" in ended.stderr
    assert "Move it away" in ended.stderr.splitlines()[-1]


def test_a_port_that_is_taken_is_refused(server: RunningServer, tmp_path: Path) -> None:
    ended = evald("serve", "--port", str(server.port), "--data-dir", tmp_path / "data")

    assert_refuses(ended, "127.0.0.1", str(server.port))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"EVALD_PORT": "http"}, ["EVALD_PORT", "http", "whole number"]),
        ({"EVALD_MAX_CONCURRENCY": "0"}, ["EVALD_MAX_CONCURRENCY", "at least 1"]),
        ({"EVALD_CONFIG": "nowhere.toml"}, ["nowhere.toml", "does not exist"]),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    tmp_path: Path, environment: dict[str, str], words: list[str]
) -> None:
    ended = evald(
        "serve", EVALD_DATA_DIR=str(tmp_path / "data"), **{"EVALD_PORT": "0", **environment}
    )

    assert_refuses(ended, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[providers]]\nname = "a"\nmodels = ["m"]\nbase_url = "http://x"\nkey = "s"', ["key"]),
        ("[[providers]\n", ["TOML"]),
        (
            '[[providers]]\nname = "a"\nmodels = ["m"]\nbase_url = "http://x"\napi_key_env = "NO"',
            ["'a'", "NO", "not set"],
        ),
        (
            '[[providers]]\nname = "a"\nmodels = ["m"]\ntype = "python"\ntarget = "nowhere:f"',
            ["'a'", "nowhere"],
        ),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    config = tmp_path / "providers.toml"
    config.write_text(text)

    ended = evald("serve", "--port", "0", "--data-dir", tmp_path / "data", "--config", config)

    assert_refuses(ended, *words)


@pytest.mark.parametrize("path", ["/v1/evals", "/", "/healthz", "/v1/nowhere"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_an_open_server_refuses_unknown_hosts(http: httpx2.Client, path: str, host: str) -> None:
    """DNS rebinding: a page of another site would reach us under its own name."""
    answer = http.get(path, headers={"host": host})

    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "host_not_allowed"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:80"])
def test_an_open_server_answers_to_the_names_of_its_machine(http: httpx2.Client, host: str) -> None:
    assert http.get("/v1/evals", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"), [("evald.test", 200), ("EVALD.TEST:443", 200), ("localhost", 421)]
)
def test_allowed_hosts_decide_where_they_are_set(
    keyed_http: httpx2.Client, host: str, status: int
) -> None:
    assert keyed_http.get("/v1/evals", headers={"host": host}).status_code == status


def test_the_folder_is_the_operators_alone(server: RunningServer) -> None:
    assert server.folder.stat().st_mode & 0o777 == 0o700


def status_with(server: RunningServer, key: str) -> int:
    with plain_http(server, key=key) as plain:
        return plain.get("/v1/evals", params={"limit": 1}).status_code


def wait_for_status(server: RunningServer, key: str, status: int) -> None:
    """Returns once the key is answered like this, which takes no longer than a revocation may."""
    end = time.monotonic() + REVOKED_WITHIN_S
    while status_with(server, key) != status:
        assert time.monotonic() < end, f"still not {status}"
        threading.Event().wait(0.05)


def test_a_stored_key_is_good_until_it_is_revoked(keyed_server: RunningServer) -> None:
    keys = ("keys", "--data-dir", keyed_server.folder)

    created = evald(*keys, "create", "--name", "wire")
    key = created.stdout.strip()
    with_key = status_with(keyed_server, key)
    listed = evald_here(*keys, "list")
    key_id = created.stderr.partition(":")[0]
    revoked = evald_here(*keys, "revoke", key_id)

    assert (created.returncode, listed.returncode, revoked.returncode) == (0, 0, 0)
    assert with_key == 200
    assert key_id in listed.stdout
    assert key not in listed.stdout
    assert "wire" in listed.stdout
    wait_for_status(keyed_server, key, 401)
    assert status_with(keyed_server, STATIC_KEY) == 200
    assert evald_here(*keys, "revoke", key_id).returncode == 1
    assert key.encode() not in (keyed_server.folder / "evald.sqlite3").read_bytes()


@pytest.fixture
def lone_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server for one test alone, that starts without any key."""
    with running_server(tmp_path / "data") as running:
        yield running


def test_the_first_key_closes_an_open_server(lone_server: RunningServer) -> None:
    assert status_with(lone_server, "sk-anything") == 200

    key = evald_here("keys", "--data-dir", lone_server.folder, "create").stdout.strip()

    wait_for_status(lone_server, "sk-anything", 401)
    assert status_with(lone_server, key) == 200


def test_a_server_ends_in_good_order_and_remembers_everything(lone_server: RunningServer) -> None:
    headers = {"Idempotency-Key": "before-the-end"}
    with lone_server.client() as client:
        made = client.evals.create(**an_eval(), extra_headers=headers)
        file = client.files.create(file=("rows.jsonl", b"{}"), purpose="evals")

        began = time.monotonic()
        assert lone_server.stop() == 0
        assert time.monotonic() - began < 10
        lone_server.start()

        again = client.evals.create(**an_eval(), extra_headers=headers)
        assert again.to_dict() == made.to_dict()
        assert client.files.content(file.id).read() == b"{}"
        with pytest.raises(openai.ConflictError):
            client.with_options(max_retries=0).evals.create(
                **an_eval(name="other"), extra_headers=headers
            )
