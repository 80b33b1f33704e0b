"""What the filter of system calls decides, by running its program here."""

import struct

import pytest

from evald.adapters.sandbox.inside import seccomp
from evald.adapters.sandbox.inside.syscalls import AARCH64, ALLOWED, AUDIT_ARCH, X86_64

ALLOW, REFUSE, PRETEND, ABSENT, KILL = 0x7FFF0000, 0x50001, 0x50000, 0x50026, 0x80000000
UNSUPPORTED = 0x5005F


def decided(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """The verdict on a call: a machine for the few instructions there are."""
    there = AUDIT_ARCH[machine] if architecture is None else architecture
    call = struct.pack("<IIQ6Q", number, there, 0, *[*arguments, 0, 0, 0, 0, 0, 0][:6])
    program = list(struct.iter_unpack("=HBBI", seccomp.assemble(machine)))
    at = value = 0
    while True:
        operation, if_true, if_false, operand = program[at]
        at += 1
        match operation:
            case 0x20:
                value = struct.unpack_from("<I", call, operand)[0]
            case 0x54:
                value &= operand
            case 0x15:
                at += if_true if value == operand else if_false
            case 0x35:
                at += if_true if value >= operand else if_false
            case 0x05:
                at += operand
            case 0x06:
                return int(operand)


@pytest.mark.parametrize("machine", [X86_64, AARCH64])
def test_what_is_listed_is_allowed_and_its_neighbours_are_not(machine: str) -> None:
    column = 0 if machine == X86_64 else 1
    listed = {numbers[column] for numbers in ALLOWED.values()} - {None}

    allowed = {number for number in range(600) if decided(machine, number) == ALLOW}

    assert listed <= allowed
    conditional = allowed - listed  # with arguments of zero
    assert len(conditional) <= 6


@pytest.mark.parametrize(
    ("call", "number", "arguments", "verdict"),
    [
        ("mmap to read", 9, (0, 4096, 1), ALLOW),
        ("mmap to execute", 9, (0, 4096, 5), REFUSE),
        ("mmap of huge pages", 9, (0, 4096, 3, 0x40022), REFUSE),
        ("fallocate", 285, (), UNSUPPORTED),
        ("flock", 73, (), PRETEND),
        ("mprotect to execute", 10, (0, 4096, 4), REFUSE),
        ("a thread", 56, (0x3D0F00,), ALLOW),
        ("a process", 56, (17,), REFUSE),
        ("a thread with a network of its own", 56, (0x3D0F00 | 0x40000000,), REFUSE),
        ("clone3", 435, (), ABSENT),
        ("fork", 57, (), REFUSE),
        ("execve", 59, (), REFUSE),
        ("kill", 62, (), REFUSE),
        ("socket", 41, (), REFUSE),
        ("a pair of streams", 53, (1, 0x80801, 0), ALLOW),
        ("a pair of datagrams", 53, (1, 2, 0), REFUSE),
        ("a pair of network streams", 53, (2, 1, 0), REFUSE),
        ("open to read", 257, (0, 0, 0), ALLOW),
        ("open to read, and cut", 257, (0, 0, 0x200), REFUSE),
        ("open to write, and cut", 257, (0, 0, 0x241), ALLOW),
        ("open a file without a name", 257, (0, 0, 0x410002), REFUSE),
        ("chmod", 90, (), PRETEND),
        ("ptrace", 101, (), REFUSE),
        ("own limits", 302, (0, 9), ALLOW),
        ("limits of another", 302, (77, 9), REFUSE),
        ("F_GETFL", 72, (3, 3), ALLOW),
        ("F_SETOWN", 72, (3, 8), REFUSE),
        ("PR_SET_NAME", 157, (15,), ALLOW),
        ("PR_SET_PDEATHSIG", 157, (1,), REFUSE),
        ("io_uring_setup", 425, (), REFUSE),
        ("memfd_create", 319, (), REFUSE),
        ("a call of the x32 list", 0x40000000, (), REFUSE),
    ],
)
def test_verdicts_on_x86_64(call: str, number: int, arguments: tuple[int], verdict: int) -> None:
    assert decided(X86_64, number, *arguments) == verdict


@pytest.mark.parametrize(
    ("call", "number", "arguments", "verdict"),
    [
        ("mmap to execute", 222, (0, 4096, 5), REFUSE),
        ("a thread", 220, (0x3D0F00,), ALLOW),
        ("a process", 220, (17,), REFUSE),
        ("execve", 221, (), REFUSE),
        ("kill", 129, (), REFUSE),
        ("socket", 198, (), REFUSE),
        ("ptrace", 117, (), REFUSE),
        ("F_SETOWN", 25, (3, 8), REFUSE),
        ("open to read, and cut", 56, (0, 0, 0x200), REFUSE),
    ],
)
def test_verdicts_on_arm64(call: str, number: int, arguments: tuple[int], verdict: int) -> None:
    assert decided(AARCH64, number, *arguments) == verdict


def test_a_call_of_another_architecture_ends_the_process() -> None:
    i386 = 0x40000003

    assert decided(X86_64, 4, architecture=i386) == KILL


def test_for_an_unknown_architecture_there_is_no_filter() -> None:
    with pytest.raises(KeyError):
        seccomp.assemble("riscv64")
