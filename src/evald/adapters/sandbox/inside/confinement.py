"""The walls around one call, put up by the fork itself before it reads what it is to run."""

import errno
import os
import platform
import resource
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass

from evald.adapters.sandbox.inside import landlock, process, seccomp
from evald.adapters.sandbox.inside.order import Bounds

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
LIBRARY_FILES = (
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
    # How many processors there are: joblib raises where it can see these and not read them.
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
)
CPUS = 2
OPEN_FILES = 256

_O_PATH = os.O_PATH | os.O_CLOEXEC


class NotConfined(Exception):
    """The walls do not stand, so nothing may run; the message says which."""


@dataclass(frozen=True)
class Walls:
    """What every fork needs to lock itself in, made once before the first fork.

    `own_bytes` is the address space that the packages take, which does not count as a call's.
    """

    program: bytes
    landlock_version: int
    read_only: Sequence[int]
    devices: Sequence[int]
    own_bytes: int
    cpus: Sequence[int]


def prepare(folders: Sequence[str]) -> Walls:
    """The walls for forks that read these folders and the system's libraries.

    Raises:
        NotConfined: the kernel lacks one of them, or the architecture is not known.
    """
    version = landlock.landlock_version()
    if version == 0:
        raise NotConfined("The kernel has no Landlock (Linux 5.13 or newer has), or it is off.")
    try:
        program = seccomp.assemble(platform.machine())
    except KeyError:
        message = f"No filter of system calls is written for the architecture {platform.machine()}."
        raise NotConfined(message) from None
    paths = _outermost([*folders, *LIBRARIES, *LIBRARY_FILES])
    return Walls(
        program=program,
        landlock_version=version,
        read_only=[os.open(each, _O_PATH) for each in paths],
        devices=[os.open(each, _O_PATH) for each in DEVICES if os.path.exists(each)],  # noqa: PTH110
        own_bytes=_address_space(),
        cpus=sorted(os.sched_getaffinity(0)),
    )


def _outermost(paths: Sequence[str]) -> list[str]:
    """Those that are there, without those inside of another: each is a rule in every fork."""
    real = sorted({os.path.realpath(each) for each in paths if os.path.exists(each)})  # noqa: PTH110
    kept: list[str] = []
    for path in real:
        if not any(path.startswith(f"{outer}/") for outer in kept):
            kept.append(path)
    return kept


def library_folders() -> list[str]:
    """Where this interpreter's own modules and packages lie, and nothing else it might import."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {sysconfig.get_path(name) for name in names}
    found |= {f"{sys.base_prefix}/lib", f"{sys.prefix}/nltk_data", f"{sys.prefix}/share"}
    found |= {each for each in sys.path if each.endswith(("-packages", ".zip"))}
    # A system's interpreter has "/usr" for its prefix: all its data is no library.
    found -= {"/usr/share", "/usr/local/share"}
    return sorted(each for each in found if os.path.exists(each))  # noqa: PTH110


def confine(walls: Walls, bounds: Bounds, *, scratch: int, place: int) -> None:
    """From here on the process reaches nothing but its scratch folder and the libraries.

    Args:
        walls: what was made before the fork.
        bounds: what the call may use.
        scratch: the folder's descriptor.
        place: which call it is of those at work; its processors follow from it.

    Raises:
        OSError: the kernel refuses to put up a wall.
    """
    os.sched_setaffinity(0, {walls.cpus[(place * CPUS + i) % len(walls.cpus)] for i in range(CPUS)})
    _limit(walls, bounds)
    process.drop_capabilities()
    process.take_no_new_privileges()
    reachable = landlock.Reachable(walls.read_only, [scratch], walls.devices)
    landlock.restrict(walls.landlock_version, reachable)
    seccomp.install(walls.program)


def prove() -> None:
    """Nothing, if two things that must be forbidden are.

    Raises:
        NotConfined: one of them was done.
    """
    try:
        os.close(os.open("/", os.O_RDONLY))
    except OSError as refused:
        if refused.errno != errno.EACCES:
            raise NotConfined(f"Landlock answered oddly: {refused}.") from None
    else:
        raise NotConfined("Landlock does not hold: the root folder can be read.")
    try:
        os.kill(os.getpid(), 0)
    except PermissionError:
        return
    raise NotConfined("The filter of system calls does not hold: signals can be sent.")


def _limit(walls: Walls, bounds: Bounds) -> None:
    memory = walls.own_bytes + bounds.memory_bytes
    cpu_s = int(bounds.seconds * CPUS) + 2
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: bounds.scratch_bytes,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 64,
    }
    for name, limit in limits.items():
        hard = resource.getrlimit(name)[1]
        least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(name, (least, least))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - imports little
        return int(file.read().split()[0]) * resource.getpagesize()
