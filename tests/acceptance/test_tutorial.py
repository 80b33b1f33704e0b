"""The tutorial, done as it says: its files written down, its server started, its program run."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-eval.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^`([\w.]+)`: .*?(?=^```)```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVE = ["serve", "--port", "0"]


def environment(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("EVALD_")}
    return kept | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"} | more


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a server that is started in the folder, as the tutorial has it."""
    command = [sys.executable, "-m", "evald", *SERVE]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            listening = re.search(r"server_listening url=(\S+)", process.stderr.readline())
            assert listening
            yield listening[1]
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    """Its files, its program, its output; only ids, and the port, differ."""
    text = TUTORIAL.read_text(encoding="utf-8")
    files = dict(NAMED.findall(text))
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    promised = next(block for language, block in FENCE.findall(text) if language == "text")

    with server(tmp_path) as url:
        done = subprocess.run(
            [sys.executable, "first_eval.py"],
            cwd=tmp_path,
            env=environment(OPENAI_BASE_URL=f"{url}/v1", OPENAI_API_KEY="any"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert set(files) == {"my_models.py", "evald.toml", "first_eval.py"}
    assert done.returncode == 0, done.stderr
    assert without_ids(done.stdout) == without_ids(promised)


def without_ids(output: str) -> str:
    """The output with its address and ids left out."""
    return re.sub(r"(eval|evalrun)_[0-9a-f…]+", r"\1_", re.sub(r"127\.0\.0\.1:\d+", "", output))
