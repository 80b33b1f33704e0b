"""Archives that other tools made: the API's objects in JSON, and the contents of files beside."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import JsonValue

from evald.adapters.archive.files import PIECE_BYTES
from evald.adapters.archive.foreign_notes import ForeignNotes, shown
from evald.adapters.archive.shelf import ArchiveUnreadable, Shelf
from evald.adapters.archive.spool import Spool
from evald.adapters.foreign.documents import Documents, Flaw, Found
from evald.adapters.foreign.json_text import TextMalformed
from evald.domain.archive.import_report import MOST_SENTENCES
from evald.domain.archive.kinds import Kind
from evald.domain.exact_json import dump
from evald.ports.archive_source import ArchiveDamaged, ArchivedLine

MAX_FILES = 1_000_000
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
PERHAPS_JSON = ("", ".txt", *JSON_SUFFIXES)

# With a digit or a capital somewhere, since "file-list" is none.
_FILE_ID = re.compile(r"file-(?=[a-z]*[A-Z0-9])[A-Za-z0-9]+(?![A-Za-z0-9])")
_HIDDEN = re.compile(r"\.[^.]|__MACOSX$")
_BROKEN = (ArchiveUnreadable, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


class ForeignSource:
    """A foreign archive. Fulfils `evald.ports.archive_source.ArchiveSource`.

    The first look at its lines reads all of it once, into the spool.
    """

    def __init__(self, shelf: Shelf, spool: Spool, *, max_object_bytes: int) -> None:
        """Reads nothing yet."""
        self._shelf = shelf
        self._spool = spool
        self._max_object_bytes = max_object_bytes
        self._told = ForeignNotes()
        self._contents: dict[str, str] = {}
        self._files: set[str] = set()
        self._owners: dict[tuple[str, ...], int] = {}
        self._is_read = False
        self._is_closed = False

    def notes(self) -> list[str]:
        """What was passed over, and what the archive says is missing."""
        return self._told.notes()

    def problems(self) -> list[str]:
        """What could not be read."""
        return self._told.problems()

    def objects(self) -> None:
        """It does not say how many objects it has."""

    def lines(self, kind: Kind) -> Iterator[ArchivedLine]:
        """The objects of a kind by the time when they were made; output items as they stand."""
        if not self._is_read:
            self._is_read = True
            self._read_all()
        yield from self._spool.lines(kind)

    def content(self, file_id: str) -> Iterator[bytes] | None:
        """A file's content in pieces; None where the archive has none.

        Raises:
            ArchiveDamaged: while it is read, it turns out not to be readable.
        """
        name = self._contents.get(file_id)
        return None if name is None else self._content(name)

    def close(self) -> None:
        """Nothing more is read; a reading under way, in another thread, ends soon."""
        self._is_closed = True

    def _content(self, name: str) -> Iterator[bytes]:
        try:
            yield from self._pieces(name)
        except TextMalformed as problem:
            raise ArchiveDamaged(f"{shown(name)} {problem}") from None

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._shelf.open(name) as file:
                while piece := file.read(PIECE_BYTES):
                    if self._is_closed:
                        raise TextMalformed("was not read to its end")
                    yield piece
        except _BROKEN as problem:
            raise TextMalformed(f"cannot be read: {problem}") from None

    def _read_all(self) -> None:
        for number, name in enumerate(self._shelf.names()):
            if number >= MAX_FILES:
                self._told.too_many_files(MAX_FILES)
                break
            self._look_at(name)
        for file_id in self._contents:
            if file_id not in self._files:
                self._make_up_file(file_id)

    def _look_at(self, name: str) -> None:
        path = PurePosixPath(name)
        if any(_HIDDEN.match(part) for part in path.parts):
            self._told.hidden()
            return
        if self._shelf.size(name) is None:
            self._told.not_followed(name)
            return
        suffix = path.suffix.lower()
        file_id = _file_id(path)
        # A content may be JSON of any kind, but for ".json" only the objects in it tell.
        may_hold_objects = file_id is None or suffix == ".json"
        if may_hold_objects and suffix in PERHAPS_JSON and self._read(name, file_id):
            return
        if file_id is None:
            self._told.no_json(name)
        elif file_id in self._contents:
            self._told.second_content(name, file_id)
        else:
            self._contents[file_id] = name

    def _read(self, name: str, file_id: str | None) -> bool:
        """Whether it is a document: one with objects, or one that should have some."""
        pieces, most = self._pieces(name), self._max_object_bytes
        flaws: list[Flaw] = []
        is_empty, has_objects = True, False
        for sight in Documents(shown(name), pieces, most=most).sights():
            is_empty = False
            if isinstance(sight, Flaw):
                if len(flaws) < MOST_SENTENCES:
                    flaws.append(sight)
                continue
            self._told.saw(name, sight)
            if isinstance(sight, Found):
                has_objects = True
                self._keep(sight)
        is_document = has_objects or (file_id is None and name.lower().endswith(JSON_SUFFIXES))
        if is_document:
            self._told.flaws(flaws)
            if is_empty:
                self._told.nothing_in(name)
        return is_document

    def _keep(self, found: Found) -> None:
        text = found.text.encode()
        if len(text) > self._max_object_bytes:
            self._told.flaws([Flaw(str(found.spot), "is longer than an object may be")])
            return
        if found.kind is Kind.FILES and found.id is not None:
            self._files.add(found.id)
        line = ArchivedLine(str(found.spot), found.parents, text)
        self._spool.put(found.kind, line, rank=self._rank(found))

    def _rank(self, found: Found) -> int | None:
        match found.kind:
            case Kind.OUTPUT_ITEMS:  # they have their rows
                return None
            case Kind.CHAT_COMPLETION_MESSAGES:  # those of one completion, in their order
                return self._owners.setdefault(found.parents, len(self._owners))
            case _:
                return found.made_at

    def _make_up_file(self, file_id: str) -> None:
        """A content of which nothing is known but its id gets an object all the same."""
        name = self._contents[file_id]
        body: dict[str, JsonValue] = {
            "id": file_id,
            "object": "file",
            "bytes": self._shelf.size(name),
            "created_at": 0,
            "filename": shown(PurePosixPath(name).name),
            "purpose": "evals",
        }
        self._told.made_up(name)
        self._spool.put(Kind.FILES, ArchivedLine(shown(name), (), dump(body).encode()), rank=0)


def _file_id(path: PurePosixPath) -> str | None:
    """The file's id with which the name of a content begins, or which is its folder's name."""
    found = _FILE_ID.match(path.name) or _FILE_ID.fullmatch(path.parent.name)
    return None if found is None else found[0]
