"""`evald logs import`: from files of any make-up into a folder, or into a running server."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from evald.cli.main import main
from tests.support.running_server import ROOT, RunningServer, running_server

DONE, INCOMPLETE, BAD_USAGE = 0, 1, 2


def completion(number: int, **changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": f"Answer {number}"}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-test",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **changes,
    }


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in values)


Bring = Callable[..., int]


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Imports a file of this content into a folder; the exit status."""

    def bring(content: bytes, *flags: str, name: str = "logs.jsonl") -> int:
        (tmp_path / name).write_bytes(content)
        arguments = ["logs", "import", str(tmp_path / name), "--data-dir", str(tmp_path / "data")]
        return main([*arguments, *flags])

    return bring


def test_a_file_comes_into_a_folder_once(bring: Bring, capsys: pytest.CaptureFixture[str]) -> None:
    content = lines(completion(1), completion(2))

    assert (bring(content), bring(content)) == (DONE, DONE)

    told = capsys.readouterr().out
    first = "logs: 2 new, 0 already there\n"
    assert told == first + "logs: 0 new, 2 already there\nNothing was changed.\n"


def test_bad_lines_are_told_and_the_status_is_one(
    bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring(lines(completion(1)) + b"\n{broken\n" + lines(completion(2))) == INCOMPLETE

    told = capsys.readouterr()
    assert told.out == "logs: 2 new, 0 already there, 1 bad\n"
    assert told.err.startswith("Line 3: it is not JSON: ")


def test_conflicts_are_told_and_more_than_a_hundred_counted(
    bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(lines(*(completion(number) for number in range(103))))
    capsys.readouterr()

    status = bring(lines(*(completion(number, model="other") for number in range(103))))

    told = capsys.readouterr()
    assert status == INCOMPLETE
    assert told.out.splitlines()[0] == "logs: 0 new, 0 already there, 103 conflicting"
    assert told.err.splitlines()[-1] == "… and 3 more."


def test_a_dry_run_changes_nothing(bring: Bring, capsys: pytest.CaptureFixture[str]) -> None:
    bring(lines(completion(1)), "--dry-run")
    bring(lines(completion(1)), "--dry-run")

    told = capsys.readouterr().out.splitlines()
    assert told == ["logs: 1 new, 0 already there", told[1]] * 2
    assert told[1] == "This is what would be done; nothing was changed."


def test_what_is_gzipped_is_unpacked_whatever_its_name(bring: Bring) -> None:
    content = gzip.compress(lines(completion(1))) + gzip.compress(lines(completion(2)))

    assert bring(content, name="logs.jsonl.gz") == DONE
    assert bring(content, name="logs") == DONE


@pytest.mark.slow
def test_a_bomb_is_one_bad_line(bring: Bring, capsys: pytest.CaptureFixture[str]) -> None:
    """400 MB of zeros in 400 KB; what comes behind it is kept."""
    bomb = gzip.compress(bytes(400_000_000), compresslevel=1) + gzip.compress(
        b"\n" + lines(completion(1))
    )

    assert bring(bomb) == INCOMPLETE

    assert capsys.readouterr().out == "logs: 1 new, 0 already there, 1 bad\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(lines(completion(1)))[:-9], "cannot be read to its end"),
        (b"\x1f\x8bno gzip at all", "cannot be read to its end"),
    ],
)
def test_a_damaged_file_is_a_sentence(
    bring: Bring, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    assert bring(content) == BAD_USAGE

    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing.jsonl")

    assert main(["logs", "import", missing, "--data-dir", str(tmp_path / "data")]) == BAD_USAGE
    assert main(["logs", "import", missing, "--url", "http://127.0.0.1:9"]) == BAD_USAGE

    assert "cannot be read: No such file" in capsys.readouterr().err


def test_an_address_of_nothing_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs.jsonl").write_bytes(b"")

    assert main(["logs", "import", str(tmp_path / "logs.jsonl"), "--url", "nowhere"]) == BAD_USAGE

    assert "is no address of a server" in capsys.readouterr().err


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("logs") / "data") as running:
        yield running


def piped(content: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`evald logs import` with this on its standard input."""
    command = [sys.executable, "-m", "evald", "logs", "import", *arguments]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": ""}
    return subprocess.run(command, input=content, env=environment, capture_output=True, check=False)


@pytest.mark.slow
def test_a_pipe_comes_into_a_running_server(server: RunningServer) -> None:
    content = gzip.compress(lines(completion(1, metadata={"by": "pipe"})) + b"x\n")

    sent = piped(content, "-", "--url", f"{server.url}/v1")

    assert sent.returncode == INCOMPLETE
    assert sent.stdout == b"logs: 1 new, 0 already there, 1 bad\n"
    client: openai.OpenAI = server.client()
    (listed,) = client.chat.completions.list(metadata={"by": "pipe"}).data
    assert listed.choices[0].message.content == "Answer 1"


@pytest.mark.slow
def test_the_folder_of_a_running_server_is_in_use(server: RunningServer) -> None:
    sent = piped(lines(completion(1)), "-", "--data-dir", str(server.folder))

    assert sent.returncode == BAD_USAGE
    assert b"evald: " in sent.stderr


@pytest.mark.slow
def test_a_server_that_refuses_is_a_sentence(server: RunningServer) -> None:
    sent = piped(b"", "-", "--url", f"{server.url}/elsewhere")

    assert sent.returncode == BAD_USAGE
    assert b"nothing that evald says" in sent.stderr


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, gzip.compress(bytes(2_000_000), compresslevel=0)[:-9]])
def test_a_file_that_breaks_while_it_is_sent_is_a_sentence(
    server: RunningServer, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "logs.jsonl"
    if content is not None:
        file.write_bytes(content)

    sent = piped(b"", str(file), "--url", server.url)

    assert sent.returncode == BAD_USAGE
    assert b"cannot be read" in sent.stderr
