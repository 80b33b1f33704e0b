"""An archive that is being filled, as a folder."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

from evald.adapters.archive.assembling import assemble
from evald.adapters.archive.files import (
    PRIVATE_FOLDER,
    UNFINISHED,
    WholeFile,
    file_sum,
    keeping,
    make_private,
    sync_folder,
)
from evald.adapters.archive.journal_file import JOURNAL, JournalFile
from evald.adapters.uninterrupted import uninterrupted
from evald.domain.archive.account import Account, Reason
from evald.domain.archive.journal import (
    ContentKept,
    JournalMalformed,
    ListEnded,
    Opened,
    Page,
    PageKept,
    Record,
    Source,
    Stored,
)
from evald.domain.archive.kinds import Kind, ListKey
from evald.domain.archive.ledger import Ledger
from evald.domain.archive.manifest import MANIFEST, Manifest, ManifestMalformed, read_manifest
from evald.domain.archive.names import content_name, is_archive_path, page_name

T = TypeVar("T")

RAW = "raw"
CONTENTS = "files"

_IGNORED = {".DS_Store", "lost+found"}  # what systems leave in a folder that nobody has filled


class FolderNotOurs(Exception):
    """The folder holds something else than an archive, or the archive of another source."""


@contextmanager
def open_archive(folder: Path, source: Source, *, at: int) -> Iterator["ArchiveFolder"]:
    """The archive in this folder, which is made if need be, for as long as the block lasts.

    Raises:
        FolderNotOurs: it holds what is no archive of this source.
        ArchiveInUse: another process fills it.
        CannotKeep: the folder cannot be made or written to.
    """
    with keeping(folder):
        folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        _refuse_foreign(folder)
        folder.chmod(PRIVATE_FOLDER)
        journal = JournalFile(folder / JOURNAL)
    try:
        with keeping(folder):
            ledger = _load(folder, journal, Opened(source, at))
        yield ArchiveFolder(folder, journal, ledger)
        with suppress(OSError):  # not empty, if work was given up: swept at the next start
            (folder / UNFINISHED).rmdir()
    finally:
        journal.close()


class ArchiveFolder:
    """Fulfils `evald.ports.archive.Archive`.

    A body is written under `unfinished/`, moved to its place, and then entered in the journal:
    what the journal does not name was never kept.
    """

    def __init__(self, folder: Path, journal: JournalFile, ledger: Ledger) -> None:
        self._folder = folder
        self._journal = journal
        self._ledger = ledger
        self._unfinished = count(1)
        # The next number is taken and entered by one thread at a time, so that the journal's
        # numbers grow and at most one file can lie in `raw/` without being entered.
        self._entering = threading.Lock()
        self._number = ledger.last_number
        self.has_grown = False  # since it was opened

    @property
    def ledger(self) -> Ledger:
        """What is kept so far, by this call and those before it."""
        return self._ledger

    async def keep_page(self, page: Page, body: bytes) -> None:
        """The page's body is kept byte for byte, and the ledger knows."""
        await self._enter(partial(self._keep_page, page, body))

    async def end_list(self, key: ListKey, *, at: int) -> None:
        """It is kept that the list has no more objects than its pages so far."""
        await self._enter(partial(self._append, ListEnded(key, at)))

    @asynccontextmanager
    async def keeping_content(self, file_id: str) -> AsyncIterator["FolderContentWriter"]:
        """A writer for a file's content; what it was not told to keep is gone after the block."""
        taken = {
            kept.stored.path.lower()
            for other, kept in self._ledger.contents.items()
            if other != file_id
        }
        writer = FolderContentWriter(self, file_id, content_name(file_id, taken=taken))
        try:
            yield writer
        finally:
            await writer.discard()

    @property
    def is_in_order(self) -> bool:
        """Whether the manifest tells of all that is kept."""
        return not self.has_grown and (self._folder / MANIFEST).exists()

    async def put_in_order(self, account: Account) -> Manifest:
        """Writes a JSONL of each kind and the manifest from all that is kept."""
        with closing(assemble(self._folder, self._ledger, account)) as steps:

            def step() -> Manifest | None:
                return next(steps)

            while (manifest := await self.in_thread(step)) is None:
                pass
            return manifest

    def unfinished_file(self) -> WholeFile:
        """A new file outside of all that is kept."""
        return WholeFile(self._folder / UNFINISHED / str(next(self._unfinished)))

    async def keep_content(self, file_id: str, path: str, file: WholeFile, *, at: int) -> None:
        """The file is the content of the one of this id."""
        await self._enter(partial(self._keep_content, file_id, path, file, at=at))

    async def in_thread(self, work: Callable[[], T]) -> T:
        """What the work returns, once it is done, in another thread.

        Raises:
            CannotKeep: the folder takes nothing more.
        """
        with keeping(self._folder):
            return await uninterrupted(asyncio.to_thread(work))

    async def _enter(self, work: Callable[[], Record]) -> None:
        async def entered() -> None:
            self._ledger.add(await asyncio.to_thread(work))
            self.has_grown = True

        with keeping(self._folder):
            await uninterrupted(entered())

    def _keep_page(self, page: Page, body: bytes) -> Record:
        file = self.unfinished_file()
        try:
            file.write(body)
            file.seal()
            with self._entering:
                self._number += 1
                stored = file.move(self._folder, page_name(page.key, self._number))
                record = PageKept(self._number, page, stored)
                self._append_for(stored, record)
        finally:
            file.discard()
        return record

    def _keep_content(self, file_id: str, path: str, file: WholeFile, *, at: int) -> Record:
        file.seal()
        with self._entering:
            stored = file.move(self._folder, path)
            record = ContentKept(file_id, stored, at)
            self._append_for(stored, record)
        return record

    def _append_for(self, stored: Stored, record: Record) -> None:
        try:
            self._journal.append(record)
        except OSError:
            (self._folder / stored.path).unlink(missing_ok=True)
            raise

    def _append(self, record: Record) -> Record:
        with self._entering:
            self._journal.append(record)
        return record


class FolderContentWriter:
    """A file's content on its way. Fulfils `evald.ports.archive.ContentWriter`."""

    def __init__(self, archive: ArchiveFolder, file_id: str, path: str) -> None:
        self._archive = archive
        self._file_id = file_id
        self._path = path
        self._file: WholeFile | None = None

    async def begin(self) -> None:
        """The content begins; whatever was written before is forgotten."""
        await self.discard()
        await self._archive.in_thread(self._begin)

    async def write(self, chunk: bytes) -> None:
        """Appends the chunk."""
        await self._archive.in_thread(partial(self._begun().write, chunk))

    async def keep(self, *, at: int) -> int:
        """How many bytes were written since `begin`; they survive whatever happens next."""
        file = self._begun()
        await self._archive.keep_content(self._file_id, self._path, file, at=at)
        return file.size

    async def discard(self) -> None:
        """What was not kept is gone."""
        if self._file is not None:
            await self._archive.in_thread(self._file.discard)
            self._file = None

    def _begin(self) -> None:
        self._file = self._archive.unfinished_file()

    def _begun(self) -> WholeFile:
        if self._file is None:
            raise ValueError(f"the content of '{self._file_id}' was not begun")
        return self._file


def _refuse_foreign(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()} - _IGNORED
    if names and JOURNAL not in names:
        raise FolderNotOurs(
            f"'{folder}' is not empty and holds no archive; name a new folder for --out."
        )


def _load(folder: Path, journal: JournalFile, opened: Opened) -> Ledger:
    try:
        records = journal.read()
    except JournalMalformed as problem:
        raise FolderNotOurs(f"'{folder}' holds no archive of this version: {problem}.") from problem
    ledger, suspects = Ledger(), _suspects(folder)
    for record in records:
        if _is_lost(folder, record, suspects):
            if isinstance(record, PageKept):
                ledger.lose(record)
        else:
            ledger.add(record)
    if ledger.opened is None:
        if records:
            raise FolderNotOurs(f"'{folder}' has a {JOURNAL} whose first line is gone.")
        journal.append(opened)
        ledger.add(opened)
    _refuse_other_source(folder, ledger.opened or opened, opened)
    _make_rooms(folder, ledger)
    return ledger


def _is_lost(folder: Path, record: Record, suspects: frozenset[str]) -> bool:
    """Whether the file that the record tells of is not there any more as it was."""
    if not isinstance(record, PageKept | ContentKept):
        return False
    stored = record.stored
    if not is_archive_path(stored.path):
        return True
    try:
        if (folder / stored.path).stat().st_size != stored.bytes:
            return True
    except FileNotFoundError:
        return True
    return stored.path in suspects and file_sum(folder / stored.path).sha256 != stored.sha256


def _suspects(folder: Path) -> frozenset[str]:
    """The files that were found damaged when the archive was last put in order."""
    try:
        manifest = read_manifest((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ManifestMalformed):
        return frozenset()
    return frozenset(each.path for each in manifest.missing if each.reason is Reason.DAMAGED)


def _refuse_other_source(folder: Path, ours: Opened, asked: Opened) -> None:
    if ours.source != asked.source:
        there = ours.source
        parts = [there.base_url, there.organization or "", there.project or ""]
        raise FolderNotOurs(
            f"'{folder}' holds the archive of {', '.join(filter(None, parts))}, which is not what "
            "is asked for now; name another folder for --out."
        )


def _make_rooms(folder: Path, ledger: Ledger) -> None:
    for name in (RAW, *(f"{RAW}/{kind}" for kind in Kind), CONTENTS, UNFINISHED):
        make_private(folder / name)
    for path in (folder / UNFINISHED).iterdir():
        path.unlink()
    # A body that was moved to its place in the moment of a kill, and not entered.
    for path in (folder / RAW).glob(f"*/*{ledger.last_number + 1:08d}.json"):
        path.unlink()
    sync_folder(folder)
