"""Checks of the machine: its clock, Python and its packages, and what could confine code."""

import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import assert_never

from evald.adapters.sandbox.abilities import Abilities
from evald.assembly.checkup.finding import Finding, State
from evald.ports.clock import Clock
from evald.settings import Settings, variable

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


def check_sandbox(settings: Settings, abilities: Abilities, refusal: str | None) -> Finding:
    """Whether the code of python graders can be kept apart, as `refusal` says it was tried."""
    name = variable("python_graders")
    match settings.python_graders:
        case "off":
            message = f"Python graders are switched off ({name})."
            return Finding("sandbox", State.NOTE, message, "Runs that need them are refused.")
        case "unsafe":
            message = "The code of python graders runs with all rights of the server."
            advice = f"Do not set {name}, unless you trust every caller."
            return Finding("sandbox", State.NOTE, message, advice)
        case "sandboxed":
            if refusal is not None:
                message = f"The code of python graders cannot be confined: {refusal}"
                advice = "Runs that need them are refused; all else works."
                return Finding("sandbox", State.NOTE, message, advice)
            walls = f"Landlock {abilities.landlock_abi}, seccomp"
            more = "" if abilities.bubblewrap is None else "; bubblewrap is tried first"
            message = f"The code of python graders is confined by {walls} and limits{more}."
            return Finding("sandbox", State.OK, message)
        case _:
            assert_never(settings.python_graders)
