"""How a call says what became of it: short records in memory of a fixed size that it shares."""

import os
import struct

SIZE = 64 * 1024
"""Bytes of the shared memory. It cannot grow: a call cannot fill the machine by it."""

MAX_STDOUT = 4_096
MAX_DETAILS = 8_192

CONFINED = b"C"  # the walls stand; empty
DOWN = b"D"  # they do not; a sentence
STDOUT = b"O"  # a piece of what was printed
SCORE = b"S"  # eight bytes, a float
FAILED = b"F"  # what went wrong
MISSING = b"M"  # the package or data file that is not installed

HEAD = struct.Struct("<cI")
FLOAT = struct.Struct("<d")


class Report:
    """Writes records, one behind the other."""

    def __init__(self, descriptor: int) -> None:
        """Writes into this file, from where it stands."""
        self._descriptor = descriptor
        self._room = SIZE

    def write(self, kind: bytes, body: bytes = b"") -> None:
        """The record, if there is room for it."""
        record = HEAD.pack(kind, len(body)) + body
        if len(record) <= self._room:
            self._room -= os.write(self._descriptor, record)


def read_report(memory: bytes) -> dict[bytes, bytes]:
    """By kind, the bodies of the records; pieces of one kind are joined.

    Whatever the bytes are, this ends: the writer is not to be trusted.
    """
    found: dict[bytes, bytes] = {}
    offset = 0
    while offset + HEAD.size <= len(memory):
        kind, size = HEAD.unpack_from(memory, offset)
        offset += HEAD.size
        if kind == b"\0" or offset + size > len(memory):
            break
        found[kind] = found.get(kind, b"") + memory[offset : offset + size]
        offset += size
    return found
