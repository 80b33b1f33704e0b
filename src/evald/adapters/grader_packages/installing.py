"""Makes an environment of packages, or completes one, where nobody uses it yet."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evald.adapters.grader_packages.environment import Contents, Environment
from evald.adapters.grader_packages.nltk_data import download
from evald.adapters.grader_packages.pip import IndexUnreachable, Pip, pip_of
from evald.adapters.grader_packages.programs import run_program
from evald.graders.image_packages import PACKAGES, Package

VENV_S = 120.0
_CONSTRAINTS = "constraints.txt"

Say = Callable[[str], None]
"""Is told, line by line, how far it is."""


class NotInstalled(Exception):
    """Nothing came of it, and what was there before is still there; the message says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an environment is to hold."""

    packages: Sequence[Package]
    data: Sequence[str]

    def packages_beyond(self, contents: Contents) -> list[Package]:
        """The packages that are not there."""
        return [each for each in self.packages if each.name not in contents.packages]

    def data_beyond(self, contents: Contents) -> list[str]:
        """The data that is not there."""
        return [each for each in self.data if each not in contents.data]


def make_environment(interpreter: Path, folder: Path) -> tuple[Environment, Contents]:
    """An environment in this folder, which is new, with this interpreter and nothing else.

    Raises:
        NotInstalled: the interpreter could not make it.
    """
    ran = run_program([str(interpreter), "-I", "-m", "venv", "--without-pip", str(folder)], VENV_S)
    environment = Environment(folder)
    if not ran.is_done:
        raise NotInstalled(f"{interpreter} cannot make an environment: {ran.said.strip()[-300:]}")
    asked = [
        str(environment.interpreter),
        "-I",
        "-c",
        "import platform as p; print(p.python_version())",
    ]
    return environment, Contents(run_program(asked, VENV_S).said.strip())


def copy_environment(present: Environment, folder: Path) -> Environment:
    """A copy to work on; what it does not hold of itself is its place."""
    shutil.copytree(present.folder, folder, symlinks=True)
    return Environment(folder)


def install_packages(
    environment: Environment,
    contents: Contents,
    packages: Sequence[Package],
    *,
    log: Path,
    say: Say,
) -> Contents:
    """What it holds after these packages were tried, one after another.

    Raises:
        NotInstalled: not one package is there, or the package index is not.
        NoPip: there is no pip.
    """
    constraints = environment.folder / _CONSTRAINTS
    constraints.write_text("".join(f"{each.name}=={each.version}\n" for each in PACKAGES))
    pip = pip_of(environment, constraints=constraints, log=log)
    for package in packages:
        contents = _with(pip, contents, package, say)
    if not contents.packages:
        raise NotInstalled(f"Not one package could be installed; '{log}' has what pip said.")
    return contents


def install_data(
    environment: Environment, contents: Contents, names: Sequence[str], say: Say
) -> Contents:
    """What it holds after nltk was asked for this data."""
    for name in names:
        contents = _with_data(environment, contents, name, say)
    return contents


def _with(pip: Pip, contents: Contents, package: Package, say: Say) -> Contents:
    try:
        why = pip.install(package)
    except IndexUnreachable as unreachable:
        if not contents.packages:
            raise NotInstalled(f"The package index was not reached: {unreachable}") from None
        why = f"The package index was not reached: {unreachable}"
    if why is None:
        say(f"{package.name} {package.version} is installed.")
        return contents.with_package(package.name, package.version)
    say(f"{package.name} {package.version} is skipped: {why}")
    return contents.without_package(package.name, why)


def _with_data(environment: Environment, contents: Contents, name: str, say: Say) -> Contents:
    if "nltk" not in contents.packages:
        why: str | None = "nltk is not installed."
    elif contents.skipped_data:
        why = next(iter(contents.skipped_data.values()))  # its server is not waited for once more
    else:
        why = download(environment, name)
    if why is None:
        say(f"nltk's data '{name}' is installed.")
        return contents.with_data(name)
    say(f"nltk's data '{name}' is skipped: {why}")
    return contents.without_data(name, why)
