"""Where each client's own environment is, how it is built, and why one cannot be had.

`python -m tests.clients.environments` builds what is missing or was built of other pins.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".clients"
CONSTRAINTS = HERE / "constraints.txt"
AT_ONCE = 2
WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class Client:
    """One client as pins.toml names it: installed by pip, by npm, or (curl) not at all."""

    name: str
    package: str
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    cache: Path = CACHE

    @property
    def version(self) -> str:
        """The version of the package itself; empty where the machine brings it along."""
        pins = [pin.replace("==", "@").split("@") for pin in (*self.pip, *self.npm)]
        return next((version for name, version in pins if name == self.package), "")

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        return self.cache / self.name

    @property
    def program(self) -> str:
        """What runs its script."""
        if self.pip:
            return str(self.folder / "bin" / "python")
        return shutil.which("node" if self.npm else "sh") or "sh"

    @property
    def environment(self) -> dict[str, str]:
        """The variables its script needs to find it."""
        return {"NODE_PATH": str(self.folder / "node_modules")} if self.npm else {}


class NotInstalled(Exception):
    """The client cannot be had on this machine; the sentence says why."""


@cache
def clients() -> dict[str, Client]:
    """All clients by name, in the order of pins.toml."""
    pins = tomllib.loads((HERE / "pins.toml").read_text(encoding="utf-8"))
    return {
        name: Client(name, said["package"], tuple(said.get("pip", ())), tuple(said.get("npm", ())))
        for name, said in pins.items()
    }


def why_not(client: Client) -> str:
    """Why the client cannot be run: a sentence; empty where it can."""
    if not (client.pip or client.npm):
        found = shutil.which(client.package)
        return "" if found else f"There is no {client.package} on this machine."
    if _stamp(client).is_file() and _stamp(client).read_text(encoding="utf-8") == _recipe(client):
        return ""
    if _refusal(client).is_file():
        return _refusal(client).read_text(encoding="utf-8").strip()
    return f"The environment of {client.name} is not built: `make clients` builds it."


def build(client: Client, *, uv: bool = False) -> str:
    """Builds the client's environment, if need be, and says in a line how that went."""
    if not why_not(client):
        return f"{client.name}: there"
    started = time.monotonic()
    shutil.rmtree(client.folder, ignore_errors=True)
    client.folder.mkdir(parents=True)
    try:
        if client.pip:
            _install_by_pip(client, uv=uv)
        elif client.npm:
            _install_by_npm(client)
        else:
            raise NotInstalled(why_not(client))
    except NotInstalled as refused:
        _refusal(client).write_text(f"{refused}\n", encoding="utf-8")
        return f"{client.name}: its tests will be skipped. {refused}"
    _stamp(client).write_text(_recipe(client), encoding="utf-8")
    return f"{client.name}: built in {time.monotonic() - started:.0f} s"


def main(arguments: Sequence[str] | None = None) -> None:
    """Builds all environments, so many at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", action="store_true", help="install by uv instead of pip")
    parser.add_argument(
        "--constrain",
        action="store_true",
        help="build anew with whatever comes along, and write constraints.txt of it",
    )
    chosen = parser.parse_args(arguments)
    if chosen.constrain:
        CONSTRAINTS.write_text("", encoding="utf-8")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        largest_first = reversed(clients().values())
        for line in pool.map(lambda client: build(client, uv=chosen.uv), largest_first):
            print(line, flush=True)
    if chosen.constrain:
        CONSTRAINTS.write_text(_constraints(), encoding="utf-8")


def _install_by_pip(client: Client, *, uv: bool) -> None:
    """No package is built of its source, and of its bytecode only what an import needs is made.

    Both take longer than all tests of the client.
    """
    _run(client, [sys.executable, "-m", "venv", "--without-pip", str(client.folder)])
    pip = [sys.executable, "-m", "pip", "--python", client.program, "install", "-qq"]
    pip += ["--disable-pip-version-check", "--no-compile", "--only-binary", ":all:"]
    by_uv = ["uv", "pip", "install", "--quiet", "--python", client.program, "--no-build"]
    _run(client, [*(by_uv if uv else pip), "-c", str(CONSTRAINTS), *client.pip])
    _run(client, [client.program, "-c", f"import {client.package.replace('-', '.')}"])


def _install_by_npm(client: Client) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotInstalled("There is no node with npm on this machine.")
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    _run(client, [*npm, "--prefix", str(client.folder), *client.npm])
    _run(client, [client.program, "-e", f"require('{client.package}')"])


def _run(client: Client, command: list[str]) -> None:
    """Raises NotInstalled with the last line that the command said of its own failure."""
    try:
        ended = subprocess.run(
            command,
            check=False,
            env={**os.environ, **client.environment},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise NotInstalled(f"{client.name} could not be installed: {failure}") from failure
    if ended.returncode != 0:
        said = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
        reason = said[-1] if said else f"{command[0]} ended with {ended.returncode}"
        raise NotInstalled(f"{client.name} could not be installed: {reason.strip()}")


def _stamp(client: Client) -> Path:
    return client.folder / "built-of"


def _refusal(client: Client) -> Path:
    return client.folder / "why-not"


def _recipe(client: Client) -> str:
    """Whatever, when it changes, makes an environment another one."""
    by_pip = f"{sys.version}\n{CONSTRAINTS.read_text(encoding='utf-8')}" if client.pip else ""
    told = "\n".join((*client.pip, *client.npm, by_pip))
    return hashlib.sha256(told.encode()).hexdigest()


def _constraints() -> str:
    """Whatever came along with the clients; where two got different versions, the lower one."""
    pinned = {pin.split("==")[0] for client in clients().values() for pin in client.pip}
    found: dict[str, str] = {}
    for client in clients().values():
        folders = [str(folder) for folder in client.folder.glob("lib/python*/site-packages")]
        for each in distributions(path=folders):
            name = canonicalize_name(each.name)
            if name not in pinned:
                found[name] = min(found.get(name, each.version), each.version, key=Version)
    lines = [f"{name}=={version}" for name, version in sorted(found.items())]
    said = "# Written by `python -m tests.clients.environments --constrain`."
    return "\n".join([said, *lines, ""])


if __name__ == "__main__":
    main()
