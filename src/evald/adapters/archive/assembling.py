"""Putting an archive in order: from its pages to a JSONL of each kind, and to the manifest."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

from evald.adapters.archive.files import UNFINISHED, WholeFile, file_sum, sync_folder
from evald.adapters.archive.journal_file import JOURNAL
from evald.adapters.archive.page_lines import PageLines
from evald.domain.archive.account import Account, Missing, Reason, short_contents, short_lists
from evald.domain.archive.kinds import Kind, ListKey
from evald.domain.archive.ledger import Ledger
from evald.domain.archive.manifest import (
    MANIFEST,
    FileSum,
    KindCount,
    ListCount,
    Manifest,
    ManifestMalformed,
    manifest_text,
    read_manifest,
)


@dataclass(frozen=True, slots=True)
class _Assembled:
    """One kind's JSONL: what is in it, its sum, and which pages could not be read for it."""

    count: KindCount
    sum: FileSum
    damaged: tuple[Missing, ...] = ()


def assemble(folder: Path, ledger: Ledger, account: Account) -> Generator[Manifest | None]:
    """Writes each kind's JSONL, one a step, and in the last step the manifest, which comes back.

    A kind of which nothing new was kept since its JSONL was written is left as it is.
    """
    before = _manifest_before(folder)
    kinds: dict[Kind, _Assembled] = {}
    for kind in Kind:
        done = _unchanged(folder, ledger, kind, before) or _assembled(folder, ledger, kind)
        offered = kind not in account.not_offered
        kinds[kind] = replace(done, count=replace(done.count, offered=offered))
        yield None
    manifest = _manifest(folder, ledger, account, kinds)
    file = WholeFile(folder / UNFINISHED / MANIFEST)
    file.write(manifest_text(manifest))
    file.seal()
    file.move(folder, MANIFEST)
    sync_folder(folder)
    yield manifest


def jsonl_name(kind: Kind) -> str:
    """The file in which a kind's objects stand, one a line."""
    return f"{kind}.jsonl"


def _manifest_before(folder: Path) -> Manifest | None:
    try:
        return read_manifest((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ManifestMalformed):
        return None


def _unchanged(
    folder: Path, ledger: Ledger, kind: Kind, before: Manifest | None
) -> _Assembled | None:
    name = jsonl_name(kind)
    if before is None or kind not in before.kinds or name not in before.files:
        return None
    if any(each.reason is Reason.DAMAGED for each in before.missing):
        return None
    count, total = before.kinds[kind], before.files[name]
    path = folder / name
    if not path.exists() or path.stat().st_size != total.bytes:
        return None
    is_same = (count.pages, count.last_page) == _pages(ledger, kind)
    return _Assembled(count, total) if is_same else None


def _pages(ledger: Ledger, kind: Kind) -> tuple[int, int]:
    """How many pages of this kind there are, and the number of the latest."""
    numbers = [kept.number for _, state in ledger.lists_of(kind) for kept in state.pages]
    return len(numbers), max(numbers, default=0)


def _assembled(folder: Path, ledger: Ledger, kind: Kind) -> _Assembled:
    name = jsonl_name(kind)
    file = WholeFile(folder / UNFINISHED / name)
    try:
        lines = PageLines(folder)
        lists: list[ListCount] = []
        ids: set[str] = set()
        for key, state in ledger.lists_of(kind):
            objects = 0
            for line in lines.of_list(state):
                file.write(line.text)
                file.write(b"\n")
                ids.add(line.id)
                objects += 1
            lists.append(ListCount(key.parents, objects))
        file.seal()
        stored = file.move(folder, name)
    finally:
        file.discard()
    pages, last_page = _pages(ledger, kind)
    count = KindCount(
        file=name,
        objects=sum(each.objects for each in lists),
        ids=len(ids),
        pages=pages,
        last_page=last_page,
        not_understood=lines.not_understood,
        offered=True,
        lists=tuple(lists),
    )
    return _Assembled(count, FileSum(stored.bytes, stored.sha256), tuple(lines.damaged))


def _manifest(
    folder: Path, ledger: Ledger, account: Account, kinds: dict[Kind, _Assembled]
) -> Manifest:
    if ledger.opened is None:
        raise ValueError("an archive that was never opened cannot be put in order")
    contents = {file_id: kept.stored for file_id, kept in ledger.contents.items()}
    files = {done.count.file: done.sum for done in kinds.values()}
    for kind in Kind:
        for _, state in ledger.lists_of(kind):
            for kept in state.pages:
                files[kept.stored.path] = FileSum(kept.stored.bytes, kept.stored.sha256)
    files |= {each.path: FileSum(each.bytes, each.sha256) for each in contents.values()}
    files[JOURNAL] = file_sum(folder / JOURNAL)
    return Manifest(
        source=ledger.opened.source,
        begun_at=ledger.opened.at,
        finished_at=account.at if account.whole else None,
        kinds={kind: done.count for kind, done in kinds.items()},
        missing=_missing(ledger, account, kinds),
        contents={file_id: stored.path for file_id, stored in contents.items()},
        files=files,
    )


def _missing(
    ledger: Ledger, account: Account, kinds: dict[Kind, _Assembled]
) -> tuple[Missing, ...]:
    """What the calls could not have, and what came to light when the pages were read again."""
    known = {each.path for each in account.missing}
    items = kinds[Kind.OUTPUT_ITEMS].count
    counts = {ListKey(Kind.OUTPUT_ITEMS, each.of): each.objects for each in items.lists}
    lacking = [*short_lists(ledger, counts), *short_contents(ledger)]
    short = [each for each in lacking if each.path not in known]
    damaged = [each for done in kinds.values() for each in done.damaged]
    odd = [
        Missing(
            f"{done.count.not_understood} {kind}",
            f"raw/{kind}",
            Reason.NOT_UNDERSTOOD,
            message="their text is not quite JSON, or has no id; they are in raw/ only",
        )
        for kind, done in kinds.items()
        if done.count.not_understood
    ]
    return (*account.missing, *short, *damaged, *odd)
