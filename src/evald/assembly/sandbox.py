"""Where the code of python graders runs, as the settings say."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Protocol, assert_never

from evald.adapters.sandbox.refusing import NoSandbox
from evald.adapters.sandbox.unsafe import UnsafeProcesses
from evald.assembly.grader_environment import grader_environment
from evald.ports.sandbox import Sandbox
from evald.settings import Settings, variable


@asynccontextmanager
async def opened_sandbox(settings: Settings) -> AsyncIterator[Sandbox]:
    """The sandbox, which starts nothing before the first call, and of which nothing is left."""
    sandbox = _sandbox(settings)
    try:
        yield sandbox
    finally:
        await sandbox.close()


async def sandbox_refusal(settings: Settings) -> str | None:
    """Why no code may run here, in a sentence; None if it may. It is tried, and nothing is left."""
    async with opened_sandbox(settings) as sandbox:
        return await sandbox.refusal()


class _Closable(Sandbox, Protocol):
    async def close(self) -> None: ...


def _sandbox(settings: Settings) -> _Closable:
    name = variable("python_graders")
    match settings.python_graders:
        case "off":
            return NoSandbox(f"{name} is 'off'.")
        case "unsafe":
            return UnsafeProcesses(grader_interpreter(settings.data_dir))
        case "sandboxed":
            if sys.platform != "linux":
                return NoSandbox(
                    f"Code cannot be confined on {sys.platform}; it can on Linux from 5.13 on."
                )
            # What confines imports modules that only Linux has.
            confined = import_module("evald.adapters.sandbox.confined")
            interpreter = grader_interpreter(settings.data_dir)
            sandbox: _Closable = confined.ConfinedSandbox(interpreter)
            return sandbox
        case _:
            assert_never(settings.python_graders)


def grader_interpreter(data_dir: Path) -> Path:
    """The interpreter that runs graders' code: the server's own, unless there is one for them.

    Where packages were installed, no other takes their place: scores would change unsaid.
    """
    installed = grader_environment(data_dir)
    return Path(sys.executable) if installed.contents() is None else installed.interpreter
