"""The filter of system calls, as a program for the kernel's own small machine (classic BPF)."""

import ctypes
import struct
from collections.abc import Iterator

from evald.adapters.sandbox.inside import syscalls
from evald.adapters.sandbox.inside.syscalls import AUDIT_ARCH, X86_64

EPERM = 1
ENOSYS = 38
ENOTSUP = 95

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL_PROCESS = 0x80000000

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP = 0x05  # BPF_JMP | BPF_JA
_JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

# Where a field is in `struct seccomp_data`. Source: linux/seccomp.h.
_NUMBER = 0
_ARCHITECTURE = 4
_ARGUMENTS = 16

Instruction = tuple[int, int, int, int]
"""Operation, how many to skip if true, how many if false, operand."""

Block = tuple[Instruction, ...]

_REFUSE: Instruction = (_RETURN, 0, 0, _ERRNO | EPERM)


class Filter(ctypes.Structure):
    """`struct sock_fprog`: how many instructions, and where they are."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def assemble(machine: str) -> bytes:
    """The program for this architecture: what is not on the list is refused with EPERM.

    A call of another architecture ends the process: its numbers would mean other calls. (The x32
    calls of x86-64 are numbers beyond every list.)

    Raises:
        KeyError: the architecture is not known.
    """
    program = [
        _load(_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        _return(_KILL_PROCESS),
        _load(_NUMBER),
        *_decide(_answers(0 if machine == X86_64 else 1)),
    ]
    return b"".join(struct.pack("=HBBI", *each) for each in program)


def install(program: bytes) -> None:
    """This thread makes no call any more that the program refuses; new threads inherit it.

    Raises:
        OSError: the kernel does not take the program.
    """
    memory = ctypes.create_string_buffer(program, len(program))
    described = Filter(len(program) // 8, ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(described), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "The kernel does not take the filter of system calls")


def _answers(column: int) -> dict[int, Block]:
    """By the number of a call, what to do at it; every block ends with a return on every way."""
    named: list[tuple[int | None, Block]] = [
        *((numbers[column], (_return(_ALLOW),)) for numbers in syscalls.ALLOWED.values()),
        *((numbers[column], (_return(_ERRNO),)) for numbers in syscalls.PRETENDED.values()),
        *((numbers[column], (_return(_ERRNO | ENOSYS),)) for numbers in syscalls.ABSENT.values()),
        *(
            (numbers[column], (_return(_ERRNO | ENOTSUP),))
            for numbers in syscalls.UNSUPPORTED.values()
        ),
    ]
    for checks in syscalls.CONDITIONAL.values():
        inside = [each for check in checks for each in _allow_if(check.conditions)]
        named.append((checks[0].numbers[column], (*inside, _REFUSE)))
    for numbers, flags in syscalls.OPENINGS.values():
        named.append((numbers[column], (*_refuse_openings(flags), _return(_ALLOW))))
    return {number: block for number, block in named if number is not None}


def _decide(answers: dict[int, Block]) -> Block:
    """Finds the stretch of numbers with equal answers that the call is in, by halving.

    Whoever installs the program waits until the kernel has run it for every number there is: a
    test for each single one took a millisecond of every call.
    """
    stretches: list[tuple[int, Block]] = []
    for number in range(max(answers) + 2):
        block = answers.get(number, (_REFUSE,))
        if not stretches or stretches[-1][1] != block:
            stretches.append((number, block))
    return _halved(stretches)


def _halved(stretches: list[tuple[int, Block]]) -> Block:
    if len(stretches) == 1:
        return stretches[0][1]
    middle = len(stretches) // 2
    below, above = _halved(stretches[:middle]), _halved(stretches[middle:])
    # A condition jumps over 255 instructions at most; the plain jump behind it goes any way.
    here = ((_JUMP_AT_LEAST, 0, 1, stretches[middle][0]), (_JUMP, 0, 0, len(below)))
    return (*here, *below, *above)


def _allow_if(conditions: tuple[tuple[int, int, int], ...]) -> list[Instruction]:
    after = 3 * len(conditions) + 1
    found: list[Instruction] = []
    for place, (argument, mask, value) in enumerate(conditions, start=1):
        found += [_load_argument(argument), (_AND, 0, 0, mask)]
        found.append((_JUMP_EQUAL, 0, after - 3 * place, value))
    return [*found, _return(_ALLOW)]


def _refuse_openings(flags: int) -> Iterator[Instruction]:
    for mask, value in syscalls.REFUSED_OPENINGS:
        yield from (_load_argument(flags), (_AND, 0, 0, mask), (_JUMP_EQUAL, 0, 1, value))
        yield _REFUSE


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _load_argument(place: int) -> Instruction:
    # The lower half: both architectures put it first, and every argument looked at is an int or
    # has its flags there.
    return _load(_ARGUMENTS + 8 * place)


def _return(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)
