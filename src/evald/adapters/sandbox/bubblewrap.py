"""bubblewrap (`bwrap`): a view of the file system in which little is there, where it works."""

from collections.abc import Sequence
from pathlib import Path

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")


def wrapped(command: Sequence[str], program: str, *, scratch: Path, package: str) -> list[str]:
    """The command, to be run where only the system, the interpreter and the scratch folder are.

    Everything but the scratch folder is read-only; there is no network, no other process, and an
    empty /tmp, /home and /root.
    """
    interpreter = Path(command[0])
    folders = [*SYSTEM, *_homes(interpreter), package]
    shown = [part for folder in folders for part in ("--ro-bind-try", folder, folder)]
    return [
        program,
        "--unshare-all",
        "--die-with-parent",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        *shown,
        "--bind",
        str(scratch),
        str(scratch),
        "--",
        *command,
    ]


def _homes(interpreter: Path) -> list[str]:
    """The folders above the interpreter's `bin`: as it is named, and as its links lead on."""
    homes = [str(interpreter.absolute().parent.parent)]
    link = interpreter.absolute()
    while link.is_symlink():
        link = link.parent / link.readlink()
        homes.append(str(link.parent.parent))
    return homes
