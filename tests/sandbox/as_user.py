"""Makes every attack as an ordinary user: run by root, with the interpreter to be used."""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.adapters.sandbox.unsafe import UnsafeProcesses
from evald.ports.sandbox import CallFailed, CallScored
from tests.sandbox.attacks import ATTACKS, DENIED_SOMEWHERE
from tests.sandbox.runners import Outcome, is_denied_to_everybody, outcomes
from tests.sandbox.victim import victim

NOBODY = 65_534


def main(interpreter: Path) -> None:
    """Prints, by attack, whether it got through without walls, and behind them."""
    _import_all()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    folder = Path(tempfile.mkdtemp())
    with victim(folder, str(interpreter)) as prey:
        free = outcomes(UnsafeProcesses(interpreter), ATTACKS, prey)
        walled = outcomes(ConfinedSandbox(interpreter), ATTACKS, prey)
        alone = outcomes(ConfinedSandbox(interpreter, bubblewrap=None), ATTACKS, prey)
        said = {
            name: (
                _is_proven(name, free[name], interpreter, prey),
                isinstance(walled[name], CallFailed) and isinstance(alone[name], CallFailed),
            )
            for name in ATTACKS
        }
    print(json.dumps({"said": said, "first": repr(walled["a socket"])}))


def _is_proven(name: str, free: Outcome, interpreter: Path, prey: Any) -> bool:
    """Whether the attack got through without walls, or would in no process of this machine."""
    if isinstance(free, CallScored):
        return True
    is_denied = name in DENIED_SOMEWHERE
    return is_denied and is_denied_to_everybody(ATTACKS[name], prey, interpreter)


def _import_all() -> None:
    """What Python imports when it is first used may lie where only root reads."""

    async def use() -> None:
        await asyncio.to_thread(int)
        await (await asyncio.create_subprocess_exec("true")).wait()

    asyncio.run(use())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
