"""The command line's front: which verbs there are, and what it says to a call it cannot take."""

import subprocess
import sys
from pathlib import Path

import pytest

from evald.cli.main import VERBS, main

SOURCE = Path(__file__).parents[3] / "src"
HEAVY = {"aiohttp", "dbos", "openai", "pydantic", "rich", "sqlalchemy", "starlette", "uvicorn"}


def exit_code(*arguments: str) -> int | str | None:
    """The code of a call that ends by itself."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_names_every_verb_with_its_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 0

    said = " ".join(capsys.readouterr().out.split())
    for name, (_, sentence) in VERBS.items():
        assert f"{name} {sentence}" in said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_tells_its_flags(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(verb, "--help") == 0

    said = capsys.readouterr().out
    assert said.startswith(f"usage: evald {verb} ")
    assert VERBS[verb][1][1:] in " ".join(said.split())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bake"], "invalid choice: 'bake'"),
        (["--port", "1"], "choose from 'serve', 'worker', 'demo', 'rescue', 'import', "),
        (["serve", "--prot", "1"], "unrecognized arguments: --prot 1"),
        (["serve", "now"], "unrecognized arguments: now"),
        (["serve", "--port", "http"], "argument --port: invalid int value: 'http'"),
        (["serve", "--port"], "argument --port: expected one argument"),
        (["keys"], "the following arguments are required: ACTION"),
        (["keys", "revoke"], "the following arguments are required: id"),
        (["demo", "--model"], "argument --model: expected one argument"),
    ],
)
def test_a_call_that_makes_no_sense_ends_with_2_and_its_usage(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 2

    said = capsys.readouterr().err
    assert said.startswith("usage: evald")
    assert complaint in said


def test_a_flag_is_not_guessed_from_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    """A script's `--data` would mean another flag on the day a `--data-…` joins it."""
    assert exit_code("serve", "--data", "folder") == 2

    assert "unrecognized arguments: --data folder" in capsys.readouterr().err


def test_a_setting_that_makes_no_sense_ends_with_2_and_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["serve", "--port", "70000"]) == 2

    said = capsys.readouterr().err
    assert said == "evald: EVALD_PORT is 70000 and must be at most 65535.\n"


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom evald.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert HEAVY.isdisjoint(ended.stdout.splitlines()[-1].split())
