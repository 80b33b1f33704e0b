"""What this machine's kernel and programs offer to confine foreign code."""

import ctypes
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

_LANDLOCK_CREATE_RULESET = 444  # one number on every architecture
_CREATE_RULESET_VERSION = 1
_SECCOMP_ACTIONS = Path("/proc/sys/kernel/seccomp/actions_avail")


@dataclass(frozen=True, slots=True)
class Abilities:
    """Each ability, absent where it is 0, False or None."""

    landlock_abi: int
    seccomp: bool
    bubblewrap: str | None  # where the program is


def find_abilities() -> Abilities:
    """What is there to confine code with; nothing is confined by asking."""
    return Abilities(_landlock_abi(), _SECCOMP_ACTIONS.exists(), shutil.which("bwrap"))


def _landlock_abi() -> int:
    """The version of Landlock's interface; 0 where the kernel has none, or has it switched off.

    Source: landlock_create_ruleset(2).
    """
    if sys.platform != "linux":
        return 0
    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    version = call(
        ctypes.c_long(_LANDLOCK_CREATE_RULESET),
        None,
        ctypes.c_size_t(0),
        ctypes.c_uint(_CREATE_RULESET_VERSION),
    )
    return max(int(version), 0)
