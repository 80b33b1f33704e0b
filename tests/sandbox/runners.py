"""Sandboxes of which attacks are made, and one that is none."""

import asyncio
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.sandbox.abilities import find_abilities
from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.adapters.sandbox.inside.syscalls import AUDIT_ARCH
from evald.adapters.sandbox.limits import Limits
from evald.adapters.sandbox.unsafe import UnsafeProcesses
from evald.ports.sandbox import CallFailed, CallScored, GraderCall, SandboxDown

Outcome = CallScored | CallFailed | SandboxDown
INTERPRETER = Path(sys.executable)


def call_of(source: str, item: Any = None, *, seconds: float = 30.0) -> GraderCall:
    """The call of a source on an item, wanted for so many seconds."""
    return GraderCall(source, {}, {} if item is None else item, time.monotonic() + seconds)


def limits(**given: Any) -> Limits:
    """The usual limits but for these."""
    return Limits(replace(Limits().bounds, **given))


def outcomes(
    sandbox: ConfinedSandbox | UnsafeProcesses, sources: Mapping[str, str], item: Any
) -> dict[str, Outcome]:
    """What becomes of each source; the sandbox is closed after it."""
    return asyncio.run(all_outcomes(sandbox, sources, item))


async def all_outcomes(
    sandbox: ConfinedSandbox | UnsafeProcesses, sources: Mapping[str, str], item: Any
) -> dict[str, Outcome]:
    """What becomes of each source; the sandbox is closed after it."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {
                name: group.create_task(sandbox.call(call_of(source, item)))
                for name, source in sources.items()
            }
        return {name: task.result() for name, task in tasks.items()}
    finally:
        await sandbox.close()


def is_denied_to_everybody(source: str, item: Any, interpreter: Path = INTERPRETER) -> bool:
    """Whether a plain process that has nothing to do with evald cannot do it either."""
    code = f"{source}\nimport json, sys\nsys.exit(grade({{}}, json.load(sys.stdin)) != 1.0)\n"
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [interpreter, "-I", "-c", code],
            input=json.dumps(item).encode(),
            cwd=folder,
            capture_output=True,
            timeout=30,
            check=False,
        )
    return ran.returncode != 0


async def skip_where_the_kernel_cannot(sandbox: ConfinedSandbox) -> None:
    """Skips the test where the kernel has not what the sandbox needs; then nothing may run.

    A kernel that has it, and a sandbox that refuses all the same, is a failure.
    """
    refusal = await sandbox.refusal()
    abilities = find_abilities()
    if abilities.landlock_abi and abilities.seccomp and platform.machine() in AUDIT_ARCH:
        assert refusal is None
        return
    assert refusal is not None
    outcome = await sandbox.call(call_of("def grade(sample, item): return 1.0"))
    assert outcome == SandboxDown(refusal)
    pytest.skip(refusal)


async def skip_without_walls() -> None:
    """Skips the test where the usual sandbox cannot work."""
    confined = ConfinedSandbox(INTERPRETER)
    try:
        await skip_where_the_kernel_cannot(confined)
    finally:
        await confined.close()
