"""Executable memory: none of it can be written to, so that a call brings no machine code in."""

import ctypes
import os

_PROT_READ = 0x1
_PROT_EXEC = 0x4

_libc = ctypes.CDLL(None, use_errno=True)


def make_fast() -> None:
    """Every executable page of this process is read-only from now on, or not executable.

    Some libraries have pages that are both, such as the pool in which libffi makes the callbacks of
    ctypes. A page that several mappings share is not executable any more: another one may be
    written to.

    Raises:
        OSError: the kernel refuses.
    """
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - imports little
        lines = file.readlines()
    for line in lines:
        span, rights = line.split(maxsplit=2)[:2]
        if "x" not in rights or not ("w" in rights or "s" in rights):
            continue
        begin, end = (int(each, 16) for each in span.split("-"))
        left = _PROT_READ if "s" in rights else _PROT_READ | _PROT_EXEC
        if _libc.mprotect(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), left) != 0:
            code = ctypes.get_errno()
            raise OSError(code, f"Executable memory stays open to writing: {os.strerror(code)}")
