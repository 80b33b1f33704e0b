"""The journal of an archive as a file: lines appended whole, read back after any end."""

import fcntl
import os
from io import FileIO
from pathlib import Path

import orjson

from evald.adapters.archive.files import PRIVATE_FILE, write_all
from evald.domain.archive.journal import JournalMalformed, Record, read_record, record_json

JOURNAL = "journal.jsonl"


class ArchiveInUse(Exception):
    """Another process fills this archive."""


class JournalFile:
    """An open journal, locked against other processes until it is closed."""

    def __init__(self, path: Path) -> None:
        """Opens the journal, and makes it if it is not there.

        Raises:
            ArchiveInUse: another process has it open.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self._file = FileIO(os.open(path, flags, PRIVATE_FILE), "r+b")
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            message = f"Another `evald rescue` writes to '{path.parent}'; let it end first."
            raise ArchiveInUse(message) from None

    def read(self) -> list[Record]:
        """The records, in order; a torn last line is removed.

        A line in the midst that cannot be read is passed over: what it told of will be missed and
        asked for again.

        Raises:
            JournalMalformed: no line can be read, although there are some.
        """
        self._repair_end()
        self._file.seek(0)
        records: list[Record] = []
        problem: JournalMalformed | None = None
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                try:
                    records.append(read_record(orjson.loads(line)))
                except orjson.JSONDecodeError as error:
                    problem = JournalMalformed(str(error))
                except JournalMalformed as error:
                    problem = error
        if problem is not None and not records:
            raise problem
        return records

    def append(self, record: Record) -> None:
        """The record is on disk, as the last line; of one that cannot be, nothing is left."""
        end = self._file.seek(0, os.SEEK_END)
        try:
            write_all(self._file, orjson.dumps(record_json(record)) + b"\n")
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(end)
            raise

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def _repair_end(self) -> None:
        size = self._file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - 65_536)
            newline = os.pread(self._file.fileno(), end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            self._file.truncate(end)
