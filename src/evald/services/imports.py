"""Imports: an archive's evals, runs, files and stored completions, as their source had them."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.archive.import_report import ImportReport
from evald.domain.archive.kinds import Kind
from evald.domain.jsonl import LineSplitter, LineTooLong
from evald.ports.archive_source import ArchiveDamaged
from evald.ports.kept import Rows, StoredFile, StoredRun
from evald.ports.store import Transaction
from evald.services.import_batches import ParsedLine, batches
from evald.services.import_tools import ImportTools
from evald.services.imported_bodies import (
    Body,
    BodyUnusable,
    imported_completion,
    imported_eval,
    imported_file,
    imported_run,
    is_later_state,
    same,
    split_content,
    text_of,
)
from evald.services.imported_items import import_items
from evald.services.run_views import composed_run
from evald.services.staged_blob import StagedBlob, staged_blob
from evald.wire.evals import eval_json
from evald.wire.files import file_json

PURGED_AT_ONCE = 10_000
MAX_ROW_BYTES = 256 * 1_048_576

_CHANGEABLE = ("name", "metadata")


async def import_archive(tools: ImportTools) -> ImportReport:
    """What came in, was there already, conflicts or is damaged; nothing that is here is changed.

    Imported again, an archive changes nothing, and one whose import was interrupted is completed.
    """
    await _purge(tools)
    await _import_files(tools)
    await _import_evals(tools)
    await _import_runs(tools)
    await import_items(tools)
    await _import_completions(tools)
    await _import_messages(tools)
    return tools.report


async def _purge(tools: ImportTools) -> None:
    """Items of deleted runs are gone, or theirs could not come again."""
    more = not tools.is_dry
    while more:
        async with tools.store.transaction() as tx:
            more = await tx.work.purge(most=PURGED_AT_ONCE)


async def _import_files(tools: ImportTools) -> None:
    async for batch in batches(tools.source, Kind.FILES, tools.cpu):
        for line in tools.usable(Kind.FILES, batch):
            await _import_file(tools, line)


async def _import_file(tools: ImportTools, line: ParsedLine) -> None:
    report, now = tools.report, tools.clock.now()
    async with tools.store.snapshot() as tx:
        kept = await tx.files.get(tools.project_id, line.id, now=now)
    if kept is not None:
        await _compare_file(tools, kept, line)
        return
    expires_at = imported_file(line.body, size=0).expires_at
    content = tools.source.content(line.id)
    if expires_at is not None and expires_at <= now:
        report.leave_out(Kind.FILES, line.id, "it has expired")
    elif content is None:
        report.leave_out(Kind.FILES, line.id, "its content is not in the archive")
    elif tools.is_dry:
        report.counts[Kind.FILES].new += 1
    else:
        await _keep_file(tools, line, content)


async def _compare_file(tools: ImportTools, kept: StoredFile, line: ParsedLine) -> None:
    report, content = tools.report, tools.source.content(line.id)
    if not same(file_json(kept.file), line.body):
        report.conflict(Kind.FILES, line.id)
        return
    try:
        is_same = content is None or await _is_same_content(tools, kept.blob_id, content)
    except ArchiveDamaged as problem:
        report.damage(Kind.FILES, line.place, f"has no whole content: {problem}")
        return
    if is_same:
        report.counts[Kind.FILES].there += 1
    else:
        report.conflict(Kind.FILES, line.id, what="content")


async def _is_same_content(tools: ImportTools, blob_id: str, content: Iterator[bytes]) -> bool:
    """Whether the bytes that are kept are those of the archive."""
    ours, theirs = hashlib.sha256(), hashlib.sha256()
    async for piece in tools.blobs.read(blob_id):
        ours.update(piece)
    while piece := await tools.cpu.run(lambda: next(content, b"")):
        theirs.update(piece)
    return ours.digest() == theirs.digest()


async def _keep_file(tools: ImportTools, line: ParsedLine, content: Iterator[bytes]) -> None:
    report = tools.report
    async with staged_blob(tools) as blob:
        try:
            size = await _write(tools, blob, content)
        except ArchiveDamaged as problem:
            report.damage(Kind.FILES, line.place, f"has no whole content: {problem}")
            return
        if size is None:
            reason = f"has more than {tools.max_file_bytes} bytes, which is the most a file may"
            report.damage(Kind.FILES, line.place, reason)
            return
        await blob.seal()
        async with tools.store.transaction() as tx:
            # One that has expired, and is not seen by `get`, would be in the way.
            await tx.files.delete(tools.project_id, line.id)
            file = StoredFile(imported_file(line.body, size=size), blob.id)
            await tx.files.insert(tools.project_id, file)
            blob.claim()
    report.counts[Kind.FILES].new += 1


async def _write(tools: ImportTools, blob: StagedBlob, content: Iterator[bytes]) -> int | None:
    """How many bytes were written; None where they are more than a file may have."""
    size = 0
    while piece := await tools.cpu.run(lambda: next(content, b"")):
        size += len(piece)
        if size > tools.max_file_bytes:
            return None
        await blob.write(piece)
    return size


async def _import_evals(tools: ImportTools) -> None:
    async for batch in batches(tools.source, Kind.EVALS, tools.cpu):
        async with tools.transaction() as tx:
            for line in tools.usable(Kind.EVALS, batch):
                await _import_eval(tools, tx, line)


async def _import_eval(tools: ImportTools, tx: Transaction, line: ParsedLine) -> None:
    report = tools.report
    kept = await tx.evals.get(tools.project_id, line.id)
    if kept is not None or line.id in tools.evals:
        if kept is None or same(_unchangeable(eval_json(kept)), _unchangeable(line.body)):
            report.counts[Kind.EVALS].there += 1
            tools.evals.add(line.id)
        else:
            report.conflict(Kind.EVALS, line.id)
        return
    try:
        an_eval = imported_eval(line.body)
    except BodyUnusable as problem:
        report.damage(Kind.EVALS, line.place, str(problem))
        return
    if not tools.is_dry:
        await tx.evals.insert(tools.project_id, an_eval)
    tools.evals.add(line.id)
    report.counts[Kind.EVALS].new += 1


def _unchangeable(an_eval: Body) -> Body:
    """The eval without what a caller may have changed since."""
    return {key: value for key, value in an_eval.items() if key not in _CHANGEABLE}


async def _import_runs(tools: ImportTools) -> None:
    async for batch in batches(tools.source, Kind.RUNS, tools.cpu):
        for line in tools.usable(Kind.RUNS, batch):
            await _import_run(tools, line)


async def _import_run(tools: ImportTools, line: ParsedLine) -> None:
    owners = [text_of(line.body.get("eval_id")), *line.parents[:1]]
    eval_id = next((each for each in owners if each in tools.evals), None)
    if eval_id is None:
        tools.report.orphan(Kind.RUNS, line.place, owners[-1] or "?")
        return
    body, content = split_content(line.body)
    async with tools.store.snapshot() as tx:
        kept = await tx.work.find(line.id)
    run = imported_run(body, tools.project_id, eval_id, rows=Rows("", inline=False))
    counts = tools.report.counts[Kind.RUNS]
    if kept is None:
        if not tools.is_dry and not await _keep_run(tools, run, content):
            tools.report.orphan(Kind.RUNS, line.place, eval_id)
            return
        counts.new += 1
    elif kept.eval_id == eval_id and await _is_same_run(tools, kept, body, content=content):
        counts.there += 1
    elif is_later_state(kept, run):
        if not tools.is_dry:
            async with tools.store.transaction() as tx:
                await tx.imports.renew_run(run)
        counts.updated += 1
    elif is_later_state(run, kept):
        counts.there += 1
    else:
        tools.report.conflict(Kind.RUNS, line.id)
        return
    tools.runs[line.id] = eval_id


async def _keep_run(tools: ImportTools, run: StoredRun, content: list[JsonValue]) -> bool:
    """Whether the run is kept now; False where its eval was deleted meanwhile."""
    if not content:
        return await _insert_run(tools, run)
    async with staged_blob(tools) as blob:
        for row in content:
            await blob.write(exact_json.dump(row).encode() + b"\n")
        await blob.seal()
        return await _insert_run(tools, replace(run, rows=Rows(blob.id, inline=True)), blob)


async def _insert_run(tools: ImportTools, run: StoredRun, blob: StagedBlob | None = None) -> bool:
    async with tools.store.transaction() as tx:
        if await tx.evals.get(tools.project_id, run.eval_id) is None:
            return False
        await tx.runs.insert(run)
        if blob is not None:
            blob.claim()
    return True


async def _is_same_run(
    tools: ImportTools, kept: StoredRun, body: Body, *, content: list[JsonValue]
) -> bool:
    """Whether the run that is kept is answered as in this body, but for the report's address."""
    answered: Body = (
        composed_run(kept, "").model_dump() if kept.imported is None else dict(kept.imported)
    )
    if not same({**answered, "report_url": ""}, {**body, "report_url": ""}):
        return False
    if not kept.rows.inline:
        return not content
    left = iter(content)
    async for row in _rows(tools.blobs.read(kept.rows.blob_id)):
        if not same(row, next(left, None)):
            return False
    return next(left, None) is None


async def _rows(chunks: AsyncIterator[bytes]) -> AsyncIterator[JsonValue]:
    splitter = LineSplitter(most_bytes=MAX_ROW_BYTES)
    try:
        async for chunk in chunks:
            for line in splitter.feed(chunk):
                yield exact_json.DECODER.decode(line.text.decode())
    except LineTooLong:
        return
    for line in splitter.end():
        yield exact_json.DECODER.decode(line.text.decode())


async def _import_completions(tools: ImportTools) -> None:
    kind = Kind.CHAT_COMPLETIONS
    async for batch in batches(tools.source, kind, tools.cpu):
        async with tools.transaction() as tx:
            for line in tools.usable(kind, batch):
                kept = await tx.logs.find(line.id)
                if kept is not None and not same(exact_json.parse(kept.body), line.body):
                    tools.report.conflict(kind, line.id)
                    continue
                if kept is not None or line.id in tools.completions:
                    tools.report.counts[kind].there += 1
                else:
                    tools.report.counts[kind].new += 1
                    if not tools.is_dry:
                        completion = imported_completion(line.body, tools.project_id)
                        await tx.logs.insert([completion])
                tools.completions.add(line.id)


async def _import_messages(tools: ImportTools) -> None:
    kind = Kind.CHAT_COMPLETION_MESSAGES
    places = _Places()
    async for batch in batches(tools.source, kind, tools.cpu):
        async with tools.transaction() as tx:
            await _import_message_batch(tools, tx, places, tools.usable(kind, batch))


async def _import_message_batch(
    tools: ImportTools, tx: Transaction, places: "_Places", lines: Iterable[ParsedLine]
) -> None:
    kind = Kind.CHAT_COMPLETION_MESSAGES
    for line in lines:
        completion_id = line.parents[0] if line.parents else ""
        position = places.next(completion_id)
        if completion_id not in tools.completions:
            tools.report.orphan(kind, line.place, completion_id or "?")
            continue
        kept = await tx.imports.message(completion_id, position)
        if kept is not None and not same(kept, line.body):
            tools.report.conflict(kind, f"{completion_id}-{position}")
        elif kept is not None:
            tools.report.counts[kind].there += 1
        else:
            tools.report.counts[kind].new += 1
            if not tools.is_dry:
                await tx.imports.add_message(completion_id, position, line.body)


class _Places:
    """Counts the messages of each completion; those of one stand together."""

    def __init__(self) -> None:
        self._owner = ""
        self._count = 0

    def next(self, owner: str) -> int:
        """The place of the owner's next message, from 0."""
        self._count = self._count + 1 if owner == self._owner else 0
        self._owner = owner
        return self._count
