"""What a process asks of the kernel for itself: who outlives it, who sees into it, its rights."""

import contextlib
import ctypes
import os
import struct

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITIES_VERSION_3 = 0x20080522
_SIGKILL = 9

_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """The kernel kills this process once the thread that made it is gone, however that ends."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def hide_memory() -> None:
    """No process of the same user can trace this one, or open its memory or its environment."""
    _prctl(_PR_SET_DUMPABLE, 0)


def show_open_files() -> None:
    """The parent, a process of the same user, can look at this one's open files."""
    _prctl(_PR_SET_DUMPABLE, 1)


def be_ended_first() -> None:
    """Where memory runs out, the kernel ends this process, and not the server."""
    with contextlib.suppress(OSError):  # some systems keep the file from everybody
        _write("/proc/self/oom_score_adj", "1000")


def take_no_new_privileges() -> None:
    """Nothing that this process executes gives it a right it has not."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Root keeps its number and loses its powers."""
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)  # not known to every kernel
    header = struct.pack("=Ii", _CAPABILITIES_VERSION_3, 0)
    if _libc.capset(header, struct.pack("=6I", 0, 0, 0, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def leave_networks() -> None:
    """This process has a network and System V IPC of its own, both empty.

    An ordinary user needs a namespace of users for it, which many systems forbid.

    Raises:
        OSError: the system forbids it; the process may then be half on its way.
    """
    user, group = os.geteuid(), os.getegid()
    flags = _CLONE_NEWNET | _CLONE_NEWIPC
    if _libc.unshare(flags if user == 0 else flags | _CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if user != 0:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - imports little
        file.write(text)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")
