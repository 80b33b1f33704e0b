"""Landlock: which files a process still reaches; and no port, and no other process."""

import ctypes
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

_CREATE_RULESET = 444  # one number on every architecture
_ADD_RULE = 445
_RESTRICT_SELF = 446
_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_REMOVE_DIR = 1 << 4
_REMOVE_FILE = 1 << 5
_MAKE_DIR = 1 << 7
_MAKE_REG = 1 << 8
_MAKE_SYM = 1 << 12
_REFER = 1 << 13  # from version 2
_TRUNCATE = 1 << 14  # from version 3
_IOCTL_DEV = 1 << 15  # from version 5
_ALL_OF_VERSION_1 = (1 << 13) - 1

_READ = _READ_FILE | _READ_DIR
_SCRATCH = (
    _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM
    | _REFER | _TRUNCATE
)  # fmt: skip
_DEVICE = _READ_FILE | _WRITE_FILE
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


@dataclass(frozen=True)
class Reachable:
    """What a process may still open: descriptors of folders and files, opened with O_PATH."""

    read_only: Sequence[int]
    scratch: Sequence[int]
    devices: Sequence[int]


_RULESET = struct.Struct("=QQQ")  # rights over files, over ports, and what is kept apart
_PATH_BENEATH = struct.Struct("=Qi")  # rights, descriptor

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long


def landlock_version() -> int:
    """The version of Landlock's interface; 0 where the kernel has none, or has it switched off.

    Source: landlock_create_ruleset(2).
    """
    version = _syscall(
        ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION)
    )
    return max(int(version), 0)


def restrict(version: int, reachable: Reachable) -> None:
    """From now on this process opens nothing but that, and executes nothing at all.

    Where the kernel's version knows them, TCP ports (4), commands to devices (5), abstract sockets
    and signals to others (6) are refused too. Needs `no_new_privs`.

    Raises:
        OSError: the kernel refuses.
    """
    files = handled_files(version)
    # An older kernel takes the longer form as long as what it does not know is zero.
    ruleset = _RULESET.pack(files, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    descriptor = _call(_CREATE_RULESET, ruleset, len(ruleset), 0)
    try:
        for each in reachable.read_only:
            _allow(descriptor, each, _READ & files)
        for each in reachable.scratch:
            _allow(descriptor, each, _SCRATCH & files)
        for each in reachable.devices:
            _allow(descriptor, each, _DEVICE & files)
        _call(_RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)


def handled_files(version: int) -> int:
    """Every right over files that this version knows; those not granted are refused."""
    handled = _ALL_OF_VERSION_1
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        if version >= since:
            handled |= right
    return handled


def _allow(ruleset: int, descriptor: int, rights: int) -> None:
    # A rule about a single file may not name rights that only folders have.
    if not _is_folder(descriptor):
        rights &= _OF_FILES
    rule = _PATH_BENEATH.pack(rights, descriptor)
    _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)


def _is_folder(descriptor: int) -> bool:
    return (os.fstat(descriptor).st_mode & 0o170000) == 0o040000


def _call(number: int, *arguments: int | bytes) -> int:
    wide = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    found = int(_syscall(ctypes.c_long(number), *wide))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return found
