"""An archive's lines, read and parsed a batch at a time, so that memory stays bounded."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial

from evald.domain.archive.kinds import Kind
from evald.ports.archive_source import ArchiveDamaged, ArchivedLine, ArchiveSource
from evald.ports.cpu import Cpu
from evald.services.imported_bodies import Body, BodyUnusable, id_of, item_texts, read_body

BATCH_LINES = 500
BATCH_BYTES = 8 * 1_048_576
"""How much is imported in one transaction, unless a single line is longer."""


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """An object of an archive. `texts` is there for output items only."""

    place: str
    parents: tuple[str, ...]
    id: str
    body: Body
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class UnusableLine:
    """A line that holds no object, or (`place` is None) why no more lines can be read."""

    place: str | None
    reason: str


Line = ParsedLine | UnusableLine


async def batches(source: ArchiveSource, kind: Kind, cpu: Cpu) -> AsyncIterator[list[Line]]:
    """All lines of a kind, in batches of at least one."""
    lines = source.lines(kind)
    while batch := await cpu.run(partial(_next_batch, lines, kind)):
        yield batch


def _next_batch(lines: Iterator[ArchivedLine], kind: Kind) -> list[Line]:
    batch: list[Line] = []
    size = 0
    try:
        for line in lines:
            batch.append(_parsed(line, kind))
            size += len(line.text or b"")
            if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
                break
    except ArchiveDamaged as problem:
        batch.append(UnusableLine(None, str(problem)))
    return batch


def _parsed(line: ArchivedLine, kind: Kind) -> Line:
    if line.text is None:
        return UnusableLine(line.place, "is longer than an object may be")
    try:
        body = read_body(line.text)
        own_id = "" if kind is Kind.CHAT_COMPLETION_MESSAGES else id_of(body)
    except BodyUnusable as problem:
        return UnusableLine(line.place, str(problem))
    texts = item_texts(body) if kind is Kind.OUTPUT_ITEMS else {}
    return ParsedLine(line.place, line.parents, own_id, body, texts)
