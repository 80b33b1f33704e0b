"""Makes every attack as an ordinary user: run by root, with the interpreter to be used."""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.adapters.sandbox.unsafe import UnsafeProcesses
from evald.ports.sandbox import CallFailed, CallScored
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.runners import outcomes
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
            isinstance(free[name], CallScored),
            isinstance(walled[name], CallFailed) and isinstance(alone[name], CallFailed),
        )
        for name in ATTACKS
    }
    print(json.dumps({"said": said, "first": repr(walled["a socket"])}))


def _import_all() -> None:
    """What Python imports when it is first used may lie where only root reads."""

    async def use() -> None:
        await asyncio.to_thread(int)
        await (await asyncio.create_subprocess_exec("true")).wait()

    asyncio.run(use())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
