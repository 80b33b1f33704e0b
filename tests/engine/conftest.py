"""An engine on a store, blobs and clock of its own, asking a scripted model."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import ScriptedModel
from evald.adapters.threads import ThreadCpu
from evald.engine.context import EngineContext
from tests.support.grading import grader_tools
from tests.support.new_store import open_new_store


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[EngineContext]:
    store = await open_new_store(tmp_path / "evald.sqlite3")
    clock = SystemClock()
    model = ScriptedModel(lambda _: "Paris", clock)
    yield EngineContext(
        store=store,
        blobs=DiskBlobs(tmp_path / "blobs"),
        clock=clock,
        cpu=ThreadCpu(),
        model=model,
        grader_tools=lambda deadline: replace(grader_tools(model=model), deadline=deadline),
        concurrency_of=lambda _: 4,
        item_timeout_s=10.0,
        max_row_bytes=20_000_000,
    )
    await store.close()
