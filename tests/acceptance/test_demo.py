"""`evald demo`, as somebody runs it who has just installed the package."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletion
from pydantic import JsonValue

from evald.cli.demo.classifiers import classify_by_bayes, classify_by_keywords
from evald.cli.demo.tickets import TICKETS, tickets

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SOURCE = Path(__file__).parents[2] / "src"

CLASSIFIERS: dict[str, Callable[[Mapping[str, JsonValue]], dict[str, JsonValue]]] = {
    "demo-keywords": classify_by_keywords,
    "demo-bayes": classify_by_bayes,
}


def bare_environment(folder: Path) -> dict[str, str]:
    """No key, no setting, no home; temporary folders go to `folder`."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "PYTHONPATH": str(SOURCE), "TMPDIR": str(folder), "HOME": str(folder)}


def command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "evald", "demo", *flags]


def right_answers(model: str) -> int:
    """How many tickets the classifier gets right when it is asked without any server."""
    marks = []
    for ticket in tickets(TICKETS):
        body: dict[str, JsonValue] = {"messages": [{"role": "user", "content": ticket.text}]}
        completion = ChatCompletion.model_validate(CLASSIFIERS[model](body))
        marks.append(completion.choices[0].message.content == ticket.label)
    return sum(marks)


def number(name: str, section: str) -> int:
    """The number that stands beside `name` in a run's table."""
    found = re.search(rf"^ *{name} +(\d+)", section, re.MULTILINE)
    assert found, f"no {name} in:\n{section}"
    return int(found[1])


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("demo")
    ended = subprocess.run(
        command("--exit"),
        env=bare_environment(folder),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert list(folder.glob("evald-demo-*")) == [], "the temporary folder is removed"
    return ended.stdout


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_a_run_counts_what_its_classifier_gets_right(transcript: str, model: str) -> None:
    section = transcript.split(f"\n{model} ")[1].split("Failed items", maxsplit=1)[0]

    passed, failed = number("Passed", section), number("Failed", section)
    assert passed == right_answers(model)
    assert number("Right category", section) == passed
    assert failed == len(tickets(TICKETS)) - passed
    assert number("Errored", section) == 0


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_every_failed_item_is_listed(transcript: str, model: str) -> None:
    listed = transcript.split(f"Failed items of {model}:")[1].split("demo-", maxsplit=1)[0]

    lines = re.findall(r"^ +\d+ +\S.*(?:Hardware|Software|Other) *$", listed, re.MULTILINE)
    assert len(lines) == len(tickets(TICKETS)) - right_answers(model)


def test_without_a_terminal_no_control_characters_are_printed(transcript: str) -> None:
    assert all(letter.isprintable() or letter == "\n" for letter in transcript)


def test_without_exit_the_reports_are_served_until_ctrl_c(tmp_path: Path) -> None:
    with started_demo("--data-dir", str(tmp_path / "data"), folder=tmp_path) as demo:
        lines = until_serving(demo)
        urls = [line.removeprefix("Report: ") for line in lines if line.startswith("Report: ")]

        statuses = [urllib.request.urlopen(url, timeout=10).status for url in urls]
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)

    assert statuses == [200, 200], "\n".join(lines)
    assert demo.returncode == 0
    assert (tmp_path / "data").is_dir()


@contextmanager
def started_demo(*flags: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that is asked to end, if it still goes on, when the block is left."""
    with subprocess.Popen(
        command(*flags),
        env=bare_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        try:
            yield demo
        finally:
            demo.terminate()  # it ends its server, as a kill would not


def until_serving(demo: subprocess.Popen[str]) -> list[str]:
    """The lines a demo prints up to "Serving at", or to its end."""
    assert demo.stdout is not None
    lines: list[str] = []
    for line in demo.stdout:
        lines.append(line.rstrip())
        if line.startswith("Serving at"):
            break
    return lines
