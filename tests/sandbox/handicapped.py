"""An interpreter under which one system call fails, as on a system that lacks or forbids it."""

import platform
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from evald.adapters.sandbox.inside.syscalls import X86_64

_WRAPPER = """#!{python} -I
import ctypes, os, sys
program = bytes.fromhex("{program}")
memory = ctypes.create_string_buffer(program, len(program))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]
described = Filter(len(program) // 8, ctypes.addressof(memory))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(described), 0, 0) == 0
os.execv("{python}", ["{python}", *sys.argv[1:]])
"""

_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _FIRST_ARGUMENT = 0, 16
_EPERM, _ALLOW = 0x00050001, 0x7FFF0000


@dataclass(frozen=True, slots=True)
class Failing:
    """A system call by its numbers on x86-64 and ARM64, of one first argument only, if given."""

    x86_64: int
    arm64: int
    first: int | None = None


def handicapped(folder: Path, failing: Failing) -> Path:
    """A program that is the interpreter of these tests, but for this call: it is not permitted."""
    number = failing.x86_64 if platform.machine() == X86_64 else failing.arm64
    program = [(_LOAD, 0, 0, _NUMBER)]
    if failing.first is None:
        program += [(_JUMP_EQUAL, 0, 1, number)]
    else:
        program += [(_JUMP_EQUAL, 0, 3, number), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
        program += [(_JUMP_EQUAL, 0, 1, failing.first)]
    program += [(_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ALLOW)]
    packed = b"".join(struct.pack("=HBBI", *each) for each in program)
    path = folder / "python"
    path.write_text(_WRAPPER.format(python=sys.executable, program=packed.hex()))
    path.chmod(0o755)
    return path
