"""A world rescued into a folder, without a network: what tests of rescues begin with."""

import json
from pathlib import Path
from typing import Any

from evald.adapters.archive.folder import open_archive
from evald.adapters.archive.source import open_source
from evald.adapters.hosted.limited import LimitedApi
from evald.adapters.hosted.retrying import POLICY, RetryingApi
from evald.domain.archive.journal import Source
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import Manifest
from evald.ports.archive_source import ArchivedLine
from evald.ports.clock import Clock
from evald.ports.hosted import HostedApi
from evald.services.rescue import rescue
from evald.services.rescue_progress import Progress
from evald.services.rescue_tools import RescueTools
from tests.support.fake_hosted import World, WorldApi
from tests.support.instant_clock import InstantClock

SOURCE = Source("https://hosted.example/v1")
MAX_LINE_BYTES = 1_000_000


async def rescued(
    world: World,
    folder: Path,
    *,
    workers: int = 4,
    api: HostedApi | None = None,
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """The manifest of a rescue that went through, with retries and limits as in the product."""
    clock = clock or InstantClock()
    stack = RetryingApi(LimitedApi(api or WorldApi(world), workers, clock, policy=POLICY), clock)
    with open_archive(folder, SOURCE, at=clock.now()) as archive:
        tools = RescueTools(stack, archive, clock, progress or Progress())
        return await archive.put_in_order(await rescue(tools, workers=workers))


def jsonl(folder: Path) -> dict[str, bytes]:
    """The bytes of each kind's file."""
    return {kind.value: (folder / f"{kind}.jsonl").read_bytes() for kind in Kind}


def archived(folder: Path, kind: Kind) -> list[Any]:
    """The values of a kind's objects."""
    return [json.loads(each.text or b"") for each in archived_lines(folder, kind)]


def archived_lines(path: Path, kind: Kind) -> list[ArchivedLine]:
    """A kind's objects with what they belong to, in the folder or the zip."""
    with open_source(path, max_line_bytes=MAX_LINE_BYTES) as source:
        return list(source.lines(kind))


def ids(folder: Path, kind: Kind) -> list[str]:
    """The ids of a kind's objects, in their order."""
    return [value["id"] for value in archived(folder, kind)]


def pages_given(world: World) -> list[tuple[object, ...]]:
    """The pages with objects, and the contents, that the world has given: by what was asked."""
    return [
        (asked.path, asked.query.get("after"), asked.query.get("order"))
        for asked, reply in world.replies
        if reply.status == 200 and not reply.drop and b'"data": []' not in reply.body
    ]
