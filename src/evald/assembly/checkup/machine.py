"""Checks of the machine: its clock, Python and its packages, and what could confine code."""

import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from evald.adapters.sandbox.abilities import Abilities
from evald.assembly.checkup.finding import Finding, State
from evald.ports.clock import Clock

FIRST_YEAR = 2026
"""No evald is older, so that a clock that says less is wrong."""

PACKAGES = ("aiohttp", "dbos", "pydantic", "sqlalchemy", "starlette", "uvicorn", "uvloop")


def check_clock(clock: Clock) -> Finding:
    """Whether the clock can be right, and the one that measures does not go back."""
    before, now, after = clock.monotonic(), clock.now(), clock.monotonic()
    moment = datetime.fromtimestamp(now, UTC)
    said = f"It is {moment:%Y-%m-%d %H:%M:%S} UTC"
    if moment.year < FIRST_YEAR:
        advice = "Set the clock; what is created now would be dated before what is kept."
        return Finding("clock", State.PROBLEM, f"{said}, which cannot be.", advice)
    if after < before:
        advice = "Restart the machine; timeouts cannot be trusted."
        return Finding("clock", State.PROBLEM, f"{said}, and its monotonic clock ran back.", advice)
    return Finding("clock", State.OK, f"{said}.")


def check_versions() -> Finding:
    """Which evald, Python, SQLite and packages would serve."""
    evald, python = _version("evald") or "of no installed version", platform.python_version()
    packages = {name: _version(name) for name in PACKAGES}
    there = ", ".join(f"{name} {found}" for name, found in packages.items() if found)
    message = f"evald {evald}, Python {python}, SQLite {sqlite3.sqlite_version}; {there}."
    if missing := [name for name, found in packages.items() if not found]:
        message += f" Not there: {', '.join(missing)}."
        return Finding("versions", State.NOTE, message, "Install evald with all it depends on.")
    return Finding("versions", State.OK, message)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_sandbox(abilities: Abilities) -> Finding:
    """What could confine the code of a Python grader; nothing needs it yet."""
    landlock = f"Landlock {abilities.landlock_abi}" if abilities.landlock_abi else "Landlock"
    offered = {
        landlock: abilities.landlock_abi > 0,
        "seccomp": abilities.seccomp,
        "bubblewrap": abilities.bubblewrap is not None,
    }
    there = ", ".join(name for name, is_there in offered.items() if is_there) or "nothing"
    missing = ", ".join(name for name, is_there in offered.items() if not is_there)
    message = f"To confine foreign code there is {there}"
    if not missing:
        return Finding("sandbox", State.OK, f"{message}.")
    advice = "Nothing needs it yet: this evald does not run the code of graders."
    return Finding("sandbox", State.NOTE, f"{message}; not there: {missing}.", advice)
