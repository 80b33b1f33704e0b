"""The zygote: a warm interpreter that forks once per call, and never sees what is called.

It is started by path, under whatever interpreter the packages are installed for, and imports
nothing but the standard library and what stands beside it. Messages come and go over one socket, a
JSON object each; those that begin a call bring two descriptors: the sealed payload, and the memory
for the report. Once the socket closes, or the server is gone, so is everything here.
"""

import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

from evald.adapters.sandbox.inside import executable, process
from evald.adapters.sandbox.inside.call import carry_out, settle_in
from evald.adapters.sandbox.inside.confinement import (
    NotConfined,
    Walls,
    confine,
    library_folders,
    prepare,
    prove,
)
from evald.adapters.sandbox.inside.order import Bounds, Order
from evald.adapters.sandbox.inside.report import CONFINED, DOWN, Report
from evald.adapters.sandbox.inside.warming import warm_up
from evald.adapters.sandbox.inside.watch import LOOK_S, Watched, look

MESSAGE_BYTES = 65_536

_REPORT = 3
_PAYLOAD = 4
_SCRATCH = 5
_FREE = 6
_O_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def main(descriptor: int, names: Sequence[str], *, is_trial: bool) -> None:
    """Serves the socket of this descriptor until it closes; never returns.

    Args:
        descriptor: a socket that keeps messages apart (SOCK_SEQPACKET).
        names: the packages to import, of those in `warming.BY_NAME`.
        is_trial: say whether code could be confined here, and end.
    """
    process.die_with_parent()
    link = socket.socket(fileno=fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FREE))
    for number in (descriptor, _REPORT, _PAYLOAD, _SCRATCH):  # kept free for the forks
        os.dup2(0, number)
    try:
        zygote = Zygote(link, _walls(None if is_trial else names))
        zygote.prove()
    except (NotConfined, OSError) as problem:
        _send(link, {"refused": str(problem)})
        os._exit(1)
    _send(link, {"ready": True})
    if is_trial:
        os._exit(0)
    zygote.serve()


def _walls(names: Sequence[str] | None) -> Walls:
    if _succeeds_in_a_fork(process.leave_networks):  # an extra wall, which many systems forbid
        process.leave_networks()
    folders = library_folders()
    allowed = tuple(folders)
    sys.path[:] = [each for each in sys.path if each.startswith(allowed)]
    if names is not None:
        warm_up(names)
    executable.make_fast()
    walls = prepare(folders)
    process.hide_memory()
    return walls


class Zygote:
    """Forks, watches and buries."""

    def __init__(self, link: socket.socket, walls: Walls) -> None:
        """Serves over this socket."""
        self._link = link
        self._walls = walls
        self._null = os.open(os.devnull, os.O_RDWR)
        self._at_work: dict[int, tuple[int, Watched]] = {}  # by process: number, what is watched
        self._breaches: dict[int, str] = {}
        self._wake_read, self._wake_write = os.pipe()
        for each in (self._wake_read, self._wake_write):
            os.set_blocking(each, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def prove(self) -> None:
        """A fork that only puts up the walls says that they stand.

        Raises:
            NotConfined: they do not.
        """
        report_read, report_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._try_walls(report_write)
        os.close(report_write)
        said = os.read(report_read, 4_096)
        os.close(report_read)
        os.waitpid(pid, 0)
        if said != CONFINED:
            raise NotConfined(said.decode(errors="replace") or "The walls could not be tried.")

    def serve(self) -> None:
        """Until the socket closes: never returns."""
        poll = select.poll()
        poll.register(self._link, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        looked = time.monotonic()
        while True:
            ready = dict(poll.poll(LOOK_S * 1_000 if self._at_work else None))
            if self._wake_read in ready:
                os.read(self._wake_read, 4_096)
            self._bury()
            if self._link.fileno() in ready:
                self._take_message()
            if time.monotonic() - looked > LOOK_S:
                self._look()
                looked = time.monotonic()

    def _take_message(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._link, MESSAGE_BYTES, 2)
        if not message:
            os._exit(0)  # the kernel kills every call with its parent
        asked = json.loads(message)
        if "kill" in asked:
            self._kill(asked["kill"], asked["breach"])
            return
        call = asked["call"]
        order = Order(call["number"], call["scratch"], Bounds(**call["bounds"]))
        self._begin(order, descriptors)
        for each in descriptors:
            os.close(each)

    def _begin(self, order: Order, descriptors: list[int]) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # too many processes, or too little memory: the report stays empty
            _send(self._link, {"ended": order.number, "status": 1, "breach": None, "seconds": 0})
            return
        if pid == 0:
            self._be_the_call(order, descriptors, parent)
        self._at_work[pid] = (
            order.number,
            Watched(pid, order.scratch, order.bounds, time.monotonic()),
        )

    def _be_the_call(self, order: Order, descriptors: list[int], parent: int) -> None:
        try:
            report = Report(_REPORT)
            self._take_only(order.scratch, descriptors)
            try:
                self._lock_in(order, parent)
            except (OSError, NotConfined) as problem:
                report.write(DOWN, str(problem).encode())
                os._exit(1)
            report.write(CONFINED)
            payload = _read_all(_PAYLOAD)
            os.close(_PAYLOAD)
            settle_in(order.scratch)
            carry_out(payload, report)
        finally:
            os._exit(0)

    def _take_only(self, scratch: str, descriptors: list[int]) -> None:
        """Of all that was open, the report, the payload and the scratch folder stay.

        They get the numbers that the rest of the fork knows.
        """
        payload, report = descriptors
        os.dup2(report, _REPORT)
        os.dup2(payload, _PAYLOAD)
        os.dup2(os.open(scratch, _O_FOLDER), _SCRATCH)
        for number in (0, 1, 2):
            os.dup2(self._null, number)

    def _lock_in(self, order: Order, parent: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        process.die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        process.show_open_files()
        process.be_ended_first()
        confine(self._walls, order.bounds, scratch=_SCRATCH, place=order.number)
        os.closerange(_SCRATCH, 4_096)
        prove()

    def _try_walls(self, answer: int) -> None:
        try:
            process.die_with_parent()
            folder = os.open("/dev", _O_FOLDER)
            confine(self._walls, Bounds(1 << 30, 1 << 20, 10.0), scratch=folder, place=0)
            prove()
            os.write(answer, CONFINED)
        except BaseException as problem:  # noqa: BLE001 - whatever it is, the walls do not stand
            os.write(answer, str(problem).encode())
        finally:
            os._exit(0)

    def _kill(self, number: int, breached: str | None) -> None:
        for pid, (at_work, _) in self._at_work.items():
            if at_work == number:
                os.kill(pid, signal.SIGKILL)
                if breached:
                    self._breaches[number] = breached

    def _bury(self) -> None:
        while self._at_work:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            number, call = self._at_work.pop(pid)
            ended = {
                "ended": number,
                "status": os.waitstatus_to_exitcode(status),
                "breach": self._breaches.pop(number, None),
                "seconds": time.monotonic() - call.began,
            }
            _send(self._link, ended)

    def _look(self) -> None:
        now = time.monotonic()
        taken: dict[int, int] = {}
        for number, call in list(self._at_work.values()):
            if now - call.began > LOOK_S:
                seen = look(call, now)
                taken[number] = seen.scratch_bytes
                if seen.breach:
                    self._kill(number, seen.breach)
        if any(taken.values()):
            _send(self._link, {"taken": list(taken.items())})


def _succeeds_in_a_fork(step: Callable[[], None]) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            step()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _read_all(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    pieces = []
    offset = 0
    while offset < size and (piece := os.pread(descriptor, size - offset, offset)):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)


def _send(link: socket.socket, message: object) -> None:
    try:
        link.send(json.dumps(message).encode())
    except OSError:
        os._exit(0)  # the server is gone
