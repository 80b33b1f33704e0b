"""Files in memory, without a name: one to hand a call over in, one to hear of it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sealed_memory(content: bytes) -> Iterator[int]:
    """The descriptor of a file with this content, which nobody can change any more."""
    descriptor = os.memfd_create("call", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        offset = 0
        while offset < len(content):
            offset += os.write(descriptor, content[offset:] if offset else content)
        _seal(descriptor, fcntl.F_SEAL_WRITE)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def shared_memory(size: int) -> Iterator[int]:
    """The descriptor of a file of so many zero bytes, which can be written and cannot grow."""
    descriptor = os.memfd_create("report", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, size)
        _seal(descriptor, 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _seal(descriptor: int, more: int) -> None:
    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | more
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
