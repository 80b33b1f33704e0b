"""Importing output items: each under its id, at the row it claims if that is free."""

from collections.abc import Mapping
from dataclasses import replace

from evald.domain.archive.kinds import Kind
from evald.domain.exact_json import DECODER, canonical
from evald.domain.item_verdicts import criterion_positions, read_verdicts
from evald.ports.kept import FoundItem, StoredOutputItem
from evald.ports.store import Transaction
from evald.services.import_batches import ParsedLine, batches
from evald.services.import_tools import ImportTools
from evald.services.imported_bodies import SPARE_ROWS, claimed_row, imported_item, text_of
from evald.services.output_items import item_fields

_KIND = Kind.OUTPUT_ITEMS


async def import_items(tools: ImportTools) -> None:
    """The archive's output items come in, those of runs that are here."""
    async for batch in batches(tools.source, _KIND, tools.cpu):
        lines = tools.usable(_KIND, batch)
        async with tools.transaction() as tx:
            for run_id, of_run in _by_run(tools, lines).items():
                await _import_items_of(tools, tx, run_id, of_run)


def _by_run(tools: ImportTools, lines: list[ParsedLine]) -> dict[str, list[ParsedLine]]:
    """The lines by the run they belong to; those of runs that are not here are reported."""
    found: dict[str, list[ParsedLine]] = {}
    for line in lines:
        owners = [text_of(line.body.get("run_id")), *line.parents[1:2]]
        run_id = next((each for each in owners if each in tools.runs), None)
        if run_id is None:
            tools.report.orphan(_KIND, line.place, owners[-1] or "?")
        else:
            found.setdefault(run_id, []).append(line)
    return found


async def _import_items_of(
    tools: ImportTools, tx: Transaction, run_id: str, lines: list[ParsedLine]
) -> None:
    new = _settle(tools, await tx.imports.find_items([each.id for each in lines]), run_id, lines)
    if tools.is_dry:
        tools.report.counts[_KIND].new += len(new)
    if tools.is_dry or not new:
        return
    if await tx.work.find(run_id) is None:  # deleted meanwhile, with its items
        for line in new:
            tools.report.orphan(_KIND, line.place, run_id)
        return
    tools.report.counts[_KIND].new += len(new)
    eval_id = tools.runs[run_id]
    rows = await _free_rows(tx, run_id, new)
    an_eval = await tx.evals.get(tools.project_id, eval_id)
    positions = {} if an_eval is None else criterion_positions(an_eval)
    items = [
        imported_item(line.body, line.texts, row=row, run_id=run_id, eval_id=eval_id)
        for line, row in zip(new, rows, strict=True)
    ]
    await tx.imports.add_items(run_id, [_with_verdicts(each, positions) for each in items])


def _with_verdicts(item: StoredOutputItem, positions: Mapping[str, int]) -> StoredOutputItem:
    return replace(item, verdicts=read_verdicts(item.results_json, positions))


def _settle(
    tools: ImportTools, kept: dict[str, FoundItem], run_id: str, lines: list[ParsedLine]
) -> list[ParsedLine]:
    """The lines whose ids are new; the others are counted as there, or as conflicting."""
    new: dict[str, ParsedLine] = {}
    for line in lines:
        found = kept.get(line.id)
        if found is None and line.id not in new:
            new[line.id] = line
        elif (
            _same_texts(new[line.id].texts, line.texts)
            if found is None
            else found.run_id == run_id and _is_same(found.item, line, run_id, tools.runs[run_id])
        ):
            tools.report.counts[_KIND].there += 1
        else:
            tools.report.conflict(_KIND, line.id)
    return list(new.values())


def _is_same(kept: StoredOutputItem, line: ParsedLine, run_id: str, eval_id: str) -> bool:
    return _same_texts(item_fields(kept, run_id=run_id, eval_id=eval_id), line.texts)


def _same_texts(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether both are texts of the same values: the texts may differ in spaces and key order."""
    if one == other:
        return True
    return one.keys() == other.keys() and all(
        text == other[key]
        or canonical(DECODER.decode(text)) == canonical(DECODER.decode(other[key]))
        for key, text in one.items()
    )


async def _free_rows(tx: Transaction, run_id: str, lines: list[ParsedLine]) -> list[int]:
    """For each line the row that it claims, or a spare one where that is taken."""
    claims = [claimed_row(line.body) for line in lines]
    claimed = [each for each in claims if each is not None]
    taken = await tx.imports.taken_rows(run_id, claimed)
    spare = SPARE_ROWS
    if taken or len(set(claimed)) < len(claims):
        spare = max(spare, await tx.imports.last_row(run_id) + 1)
    rows: list[int] = []
    for claim in claims:
        if claim is None or claim in taken:
            rows.append(spare)
            spare += 1
        else:
            taken.add(claim)
            rows.append(claim)
    return rows
