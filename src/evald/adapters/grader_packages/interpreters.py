"""Which Python on this machine can have the documented packages."""

import shutil
import sys
from pathlib import Path

from evald.adapters.grader_packages.programs import run_program

OLDEST, NEWEST = (3, 11), (3, 13)
"""Older ones are not ours, and newer ones not those of numpy 2.2 and rdkit 2024.9."""

_NAMES = ("python3.13", "python3.12", "python3.11", "python3")
_ASK = """
import sys, sysconfig, venv
assert sys.implementation.name == "cpython"
assert not sysconfig.get_config_var("Py_GIL_DISABLED")
print(*sys.version_info[:2], sys.executable)
"""
ASK_S = 20.0


class NoInterpreter(Exception):
    """No fitting Python is there; the message says which would fit."""


def find_interpreter() -> Path:
    """The interpreter of this process if it fits, else the first on the path that does.

    Raises:
        NoInterpreter: none does.
    """
    on_path = [shutil.which(name) for name in _NAMES]
    for program in (sys.executable, *on_path):
        if program and (found := fitting(program)):
            return found
    oldest, newest = (".".join(map(str, each)) for each in (OLDEST, NEWEST))
    raise NoInterpreter(
        f"No Python from {oldest} to {newest} with its venv module is on the path, and the "
        f"documented packages are for no other; install one, as python{newest}."
    )


def fitting(program: str) -> Path | None:
    """The interpreter that the program turns out to be, if the packages are for its version."""
    try:
        ran = run_program([program, "-I", "-c", _ASK], ASK_S)
    except OSError:
        return None
    words = ran.said.split(maxsplit=2)
    if not ran.is_done or len(words) != 3:
        return None
    major, minor, path = words
    return Path(path.strip()) if OLDEST <= (int(major), int(minor)) <= NEWEST else None
