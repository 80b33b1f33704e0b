"""pip, as it installs one package into an environment: as a wheel, or built on the spot."""

import importlib.util
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evald.adapters.grader_packages.environment import Environment
from evald.adapters.grader_packages.programs import TOO_LATE, Ran, run_program
from evald.graders.image_packages import Package

WHEEL_S = 600.0
BUILD_S = 1_800.0
IMPORT_S = 120.0

_UNREACHABLE = re.compile("connection broken by")  # pip's own words, with every attempt
_NO_WHEEL = re.compile("No matching distribution|conflicting dependencies|Could not find a version")


class NoPip(Exception):
    """Neither this process nor the environment has pip; the message says what to install."""


class IndexUnreachable(Exception):
    """The package index gave no answer; the message is pip's."""


@dataclass(frozen=True, slots=True)
class Pip:
    """pip for one environment.

    `constraints` is a file of all documented versions, which hold for what packages need too.
    """

    command: Sequence[str]
    environment: Environment
    constraints: Path
    log: Path

    def install(self, package: Package) -> str | None:
        """Nothing, if it is installed and can be imported; else why not, in a sentence.

        Raises:
            IndexUnreachable: it could not be told.
        """
        ran = self._install(package, WHEEL_S, "--only-binary", ":all:")
        if not ran.is_done and _UNREACHABLE.search(ran.said):
            raise IndexUnreachable(_reason(ran))
        if not ran.is_done and ran.code != TOO_LATE and _NO_WHEEL.search(ran.said):
            ran = self._install(package, BUILD_S, "--prefer-binary")
        return self._without_what_cannot_be_imported(package) if ran.is_done else _reason(ran)

    def _install(self, package: Package, seconds: float, *how: str) -> Ran:
        command = [
            *(*self.command, "install", "--no-input", "--disable-pip-version-check"),
            *("--no-warn-script-location", "--progress-bar", "off"),
            *("--constraint", str(self.constraints), *how, f"{package.name}=={package.version}"),
        ]
        return run_program(command, seconds, self.log)

    def _without_what_cannot_be_imported(self, package: Package) -> str | None:
        """Why the package is gone again, so that code misses it instead of failing in it."""
        command = [str(self.environment.interpreter), "-I", "-c", f"import {package.module}"]
        ran = run_program(command, IMPORT_S, self.log)
        if ran.is_done:
            return None
        run_program([*self.command, "uninstall", "--yes", package.name], WHEEL_S, self.log)
        return f"It cannot be imported: {_reason(ran)}"


def pip_of(environment: Environment, *, constraints: Path, log: Path) -> Pip:
    """This process's own pip, or else the one that comes with Python, put into the environment.

    Raises:
        NoPip: there is neither.
    """
    python = str(environment.interpreter)
    if importlib.util.find_spec("pip") is not None:
        command = [sys.executable, "-I", "-m", "pip", "--python", python]
        return Pip(command, environment, constraints, log)
    if run_program([python, "-I", "-m", "ensurepip"], WHEEL_S, log).is_done:
        return Pip([python, "-I", "-m", "pip"], environment, constraints, log)
    raise NoPip(
        f"pip is not there, neither for {sys.executable} nor with {python}; install it "
        "(on Debian: apt install python3-venv)."
    )


def _reason(ran: Ran) -> str:
    """The sentence of what it printed that says most."""
    if ran.code == TOO_LATE:
        return "It took too long."
    lines = [line.strip() for line in ran.said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error:", "× "))]
    said = (errors or lines or ["It ended without a word"])[-1]
    return said.removeprefix("ERROR: ").removeprefix("× ")[:300]
