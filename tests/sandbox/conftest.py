"""The outcomes of every attack, with walls and without, and a sandbox for a test of its own."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.adapters.sandbox.unsafe import UnsafeProcesses
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.runners import (
    INTERPRETER,
    Outcome,
    outcomes,
    skip_where_the_kernel_cannot,
    skip_without_walls,
)
from tests.sandbox.victim import victim


@pytest.fixture(scope="session")
def prey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with victim(tmp_path_factory.mktemp("victim")) as known:
        yield known


@pytest.fixture(scope="session", params=["bwrap", None])
def behind_walls(request: pytest.FixtureRequest, prey: dict[str, Any]) -> dict[str, Outcome]:
    asyncio.run(skip_without_walls())
    if request.param and not shutil.which(request.param):
        pytest.skip("bubblewrap is not installed.")
    return outcomes(ConfinedSandbox(INTERPRETER, bubblewrap=request.param), ATTACKS, prey)


@pytest.fixture(scope="session")
def without_walls(prey: dict[str, Any]) -> dict[str, Outcome]:
    return outcomes(UnsafeProcesses(INTERPRETER), ATTACKS, prey)


@pytest.fixture
async def sandbox() -> AsyncIterator[ConfinedSandbox]:
    confined = ConfinedSandbox(INTERPRETER)
    await skip_where_the_kernel_cannot(confined)
    yield confined
    await confined.close()
