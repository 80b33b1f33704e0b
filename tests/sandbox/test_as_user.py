"""The attacks once more, as an ordinary user, where the tests are run by root."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.as_user import NOBODY
from tests.sandbox.runners import INTERPRETER, skip_without_walls

ROOT = Path(__file__).parents[2]


def interpreter_for_everybody() -> str | None:
    """An interpreter that an ordinary user can start; the one of these tests may lie in a home."""
    for each in (str(INTERPRETER), shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if each and _starts(each):
            return each
    return None


def _starts(interpreter: str) -> bool:
    command = [interpreter, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        ran = subprocess.run(command, user=NOBODY, group=NOBODY, extra_groups=[], check=False)
    except PermissionError:
        return False
    return ran.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="The other tests are made as an ordinary user.")
async def test_an_ordinary_user_is_kept_in_as_well() -> None:
    await skip_without_walls()
    interpreter = interpreter_for_everybody()
    if interpreter is None:
        pytest.skip("No Python 3.11 or newer is there that an ordinary user can start.")

    ran = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.as_user", interpreter],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert [name for name, (free, _) in found["said"].items() if not free] == []
    assert [name for name, (_, walled) in found["said"].items() if not walled] == [], found
