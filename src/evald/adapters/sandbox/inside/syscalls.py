"""The numbers of the system calls that grader code may make, and how each is answered."""

from dataclasses import dataclass
from typing import Final

X86_64: Final = "x86_64"
AARCH64: Final = "aarch64"

AUDIT_ARCH: Final = {X86_64: 0xC000003E, AARCH64: 0xC00000B7}
"""The kernel's names of the architectures. Source: linux/audit.h."""

# Source: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. A pair is
# the number on x86-64 and on ARM64; None where the architecture has no such call.
ALLOWED: Final[dict[str, tuple[int | None, int | None]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "poll": (7, None),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "readv": (19, 65),
    "writev": (20, 66),
    "access": (21, None),
    "pipe": (22, None),
    "select": (23, None),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "msync": (26, 227),
    "mincore": (27, 232),
    "madvise": (28, 233),
    "dup": (32, 23),
    "dup2": (33, None),
    "pause": (34, None),
    "nanosleep": (35, 101),
    "getitimer": (36, 102),
    "alarm": (37, None),
    "setitimer": (38, 103),
    "getpid": (39, 172),
    "sendfile": (40, 71),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "exit": (60, 93),
    "wait4": (61, 260),
    "uname": (63, 160),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "ftruncate": (77, 46),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "rename": (82, None),
    "mkdir": (83, None),
    "rmdir": (84, None),
    "creat": (85, None),
    "unlink": (87, None),
    "symlink": (88, None),
    "readlink": (89, None),
    "umask": (95, 166),
    "gettimeofday": (96, 169),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getppid": (110, 173),
    "getpgrp": (111, None),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "gettid": (186, 178),
    "time": (201, None),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "getdents64": (217, 61),
    "set_tid_address": (218, 96),
    "restart_syscall": (219, 128),
    "fadvise64": (221, 223),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "epoll_wait": (232, None),
    "epoll_ctl": (233, 21),
    "waitid": (247, 95),
    "mkdirat": (258, 34),
    "newfstatat": (262, 79),
    "unlinkat": (263, 35),
    "renameat": (264, 38),
    "symlinkat": (266, 36),
    "readlinkat": (267, 78),
    "faccessat": (269, 48),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "set_robust_list": (273, 99),
    "epoll_pwait": (281, 22),
    "timerfd_create": (283, 85),
    "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87),
    "eventfd2": (290, 19),
    "epoll_create1": (291, 20),
    "dup3": (292, 24),
    "pipe2": (293, 59),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "getcpu": (309, 168),
    "renameat2": (316, 276),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "copy_file_range": (326, 285),
    "preadv2": (327, 286),
    "pwritev2": (328, 287),
    "statx": (332, 291),
    "rseq": (334, 293),
    "close_range": (436, 436),
    "faccessat2": (439, 439),
    "futex_waitv": (449, 449),
}

PRETENDED: Final[dict[str, tuple[int | None, int | None]]] = {
    "flock": (73, 32),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "fchmodat": (268, 53),
    "utimensat": (280, 88),
    "fchmodat2": (452, 452),
}
"""Answered with success, and not done. Landlock does not guard modes and times, so that a fork
could change those of foreign files, nor locks, so that it could hold up whoever wants a lock on a
file that it may read; but `shutil.copy` must not fail in a scratch folder.
"""

ABSENT: Final[dict[str, tuple[int | None, int | None]]] = {
    "clone3": (435, 435),
    "openat2": (437, 437),
}
"""Answered as if the kernel were older: their arguments lie in memory, where no filter sees them.
The C library then takes the older call.
"""


UNSUPPORTED: Final[dict[str, tuple[int | None, int | None]]] = {
    # It takes any amount of disk in no time, before whoever watches can look.
    "fallocate": (285, 47),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "getxattr": (191, 8),
    "lgetxattr": (192, 9),
    "fgetxattr": (193, 10),
    "listxattr": (194, 11),
    "llistxattr": (195, 12),
    "flistxattr": (196, 13),
}
"""Answered as by a file system that cannot do it, which whoever calls it must expect."""


@dataclass(frozen=True)
class Arguments:
    """Arguments with which a call is let through.

    It is if, for every condition `(argument, mask, value)`, the argument under the mask equals the
    value.
    """

    numbers: tuple[int | None, int | None]
    conditions: tuple[tuple[int, int, int], ...]


_PROT_EXEC = 0x4
_MAP_HUGETLB = 0x40000
_O_TRUNC_AND_MODE = 0x203
_O_TRUNC_READ_ONLY = 0x200
_O_TMPFILE_BIT = 0x400000
_AF_UNIX = 1
_SOCK_STREAM = 1
_SOCK_TYPE_MASK = 0xF
_ALL = 0xFFFFFFFF
# CLONE_THREAD with CLONE_VM and CLONE_SIGHAND, without CLONE_PTRACE, CLONE_VFORK, CLONE_UNTRACED
# and any CLONE_NEW…
_CLONE_MASK = 0x00010000 | 0x100 | 0x800 | 0x2000 | 0x4000 | 0x00800000 | 0x7E020000
_CLONE_THREAD = 0x00010000 | 0x100 | 0x800

CONDITIONAL: Final[dict[str, tuple[Arguments, ...]]] = {
    # No page becomes executable any more: what the code wrote cannot be loaded as a library. Huge
    # pages are set aside for somebody, such as a database.
    "mmap": (Arguments((9, 222), ((2, _PROT_EXEC, 0), (3, _MAP_HUGETLB, 0))),),
    "mprotect": (Arguments((10, 226), ((2, _PROT_EXEC, 0),)),),
    "clone": (Arguments((56, 220), ((0, _CLONE_MASK, _CLONE_THREAD),)),),
    # A pair of connected streams is what asyncio wakes itself with. (Datagrams could be sent to
    # any address.)
    "socketpair": (
        Arguments(
            (53, 199), ((0, _ALL, _AF_UNIX), (1, _SOCK_TYPE_MASK, _SOCK_STREAM), (2, _ALL, 0))
        ),
    ),
    # One's own limits only.
    "prlimit64": (Arguments((302, 261), ((0, _ALL, 0),)),),
    # PR_SET_NAME, PR_GET_NAME: threads have names.
    "prctl": tuple(Arguments((157, 167), ((0, _ALL, option),)) for option in (15, 16)),
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, locks, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. Not
    # F_SETOWN and F_SETSIG, by which a file sends signals.
    "fcntl": tuple(
        Arguments((72, 25), ((1, _ALL, command),))
        for command in (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
    ),
    # TCGETS, TIOCGWINSZ (is it a terminal?), FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
    "ioctl": tuple(
        Arguments((16, 29), ((1, _ALL, request),))
        for request in (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
    ),
}

REFUSED_OPENINGS: Final = (
    # Before its version 3 Landlock does not guard against cutting a file that is opened to read.
    (_O_TRUNC_AND_MODE, _O_TRUNC_READ_ONLY),
    # A file without a name would not be seen by whoever watches the scratch folder.
    (_O_TMPFILE_BIT, _O_TMPFILE_BIT),
)
OPENINGS: Final[dict[str, tuple[tuple[int | None, int | None], int]]] = {
    "open": ((2, None), 1),
    "openat": ((257, 56), 2),
}
"""The calls that open a file, with the place of their flags among the arguments."""
