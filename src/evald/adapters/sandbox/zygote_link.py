"""The server's end of a zygote: starting it, asking it for calls, hearing how they ended."""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import evald
from evald.adapters.sandbox.bubblewrap import wrapped
from evald.adapters.sandbox.inside.order import SCRATCH_OF_ALL, Order
from evald.adapters.sandbox.outcomes import Ended
from evald.adapters.sandbox.scratch_sum import ScratchSum

START_S = 60.0
END_S = 5.0
MESSAGE_BYTES = 65_536

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from evald.adapters.sandbox.inside.zygote import main; del sys.path[0];"
    "main(int(sys.argv[2]), sys.argv[4:], is_trial=sys.argv[3] == 'trial')"
)
_ENVIRONMENT = {
    "HOME": "/nonexistent",  # packages look for folders of their own there, and are content
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "MALLOC_ARENA_MAX": "2",  # each arena of a thread takes 64 MB of the address space
    # One processor for each call of linear algebra: calls run beside one another.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class ZygoteDown(Exception):
    """There is no zygote to ask; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which interpreter a zygote runs, and in which folder its calls have their scratch.

    `bubblewrap` is the program that adds a layer; None where there is none, or it does not work.
    """

    interpreter: Path
    scratch: Path
    bubblewrap: str | None = None


class ZygoteLink:
    """One zygote, from its start to its end."""

    def __init__(
        self, process: asyncio.subprocess.Process, link: socket.socket, scratch: ScratchSum
    ) -> None:
        """Speaks with this process over this socket; `start` makes both.

        What its calls have of scratch is told to `scratch`.
        """
        self._process = process
        self._link = link
        self._scratch = scratch
        self._ending: dict[int, asyncio.Future[Ended]] = {}
        self._is_open = True
        asyncio.get_running_loop().add_reader(link.fileno(), self._hear)

    @property
    def is_open(self) -> bool:
        """Whether it can be asked."""
        return self._is_open

    def begin(self, order: Order, descriptors: Sequence[int]) -> asyncio.Future[Ended]:
        """A call is begun, on its payload and its report; the future tells how it ended.

        Raises:
            ZygoteDown: the zygote is gone; the future raises this too.
        """
        self._send({"call": asdict(order)}, descriptors)
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._ending[order.number] = future
        return future

    def kill(self, number: int, breach: str | None = None) -> None:
        """The call's process is killed, for this breach; its future tells when it is gone."""
        with contextlib.suppress(ZygoteDown):
            self._send({"kill": number, "breach": breach}, ())

    async def close(self) -> None:
        """The zygote is gone, and every call with it."""
        self._hang_up()
        try:
            async with asyncio.timeout(END_S):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def _send(self, message: object, descriptors: Sequence[int]) -> None:
        if not self._is_open:
            raise ZygoteDown("The sandbox's process is gone.")
        try:
            socket.send_fds(self._link, [json.dumps(message).encode()], descriptors)
        except OSError as problem:
            self._hang_up()
            raise ZygoteDown(f"The sandbox's process cannot be asked: {problem}.") from problem

    def _hear(self) -> None:
        try:
            message = self._link.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._hang_up()
            return
        said = json.loads(message)
        if "taken" in said:
            self._scratch.tell(dict(said["taken"]), self._end_for_scratch)
            return
        future = self._ending.pop(said["ended"], None)
        if future is not None and not future.done():
            future.set_result(Ended(said["status"], said["breach"], said["seconds"]))

    def _end_for_scratch(self, number: int) -> None:
        self.kill(number, SCRATCH_OF_ALL)

    def _hang_up(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        asyncio.get_running_loop().remove_reader(self._link.fileno())
        self._link.close()
        for future in self._ending.values():
            if not future.done():
                future.set_exception(ZygoteDown("The sandbox's process ended."))
        self._ending.clear()


async def start(place: Place, names: frozenset[str], scratch: ScratchSum) -> ZygoteLink:
    """A zygote that has imported these packages, where they are there, and proven its walls.

    Raises:
        ZygoteDown: it could not start, or cannot confine anything here.
    """
    process, link = await _spawn(place, "serve", *sorted(names))
    await _first_word(process, link, place)
    return ZygoteLink(process, link, scratch)


async def try_walls(place: Place) -> None:
    """Nothing, if code could be confined here; the process that tried it is gone.

    Raises:
        ZygoteDown: it could not; the message says why.
    """
    process, link = await _spawn(place, "trial")
    with link:
        await _first_word(process, link, place)
    await process.wait()


async def _spawn(place: Place, *mode: str) -> tuple[asyncio.subprocess.Process, socket.socket]:
    if sys.platform != "linux":
        raise ZygoteDown(f"Code cannot be confined on {sys.platform}; it can on Linux.")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    package = str(Path(evald.__path__[0]).parent)
    descriptor = str(theirs.fileno())
    command = [str(place.interpreter), "-I", "-B", "-c", _BOOT, package, descriptor, *mode]
    if place.bubblewrap is not None:
        command = wrapped(command, place.bubblewrap, scratch=place.scratch, package=package)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    except BaseException as problem:
        ours.close()
        if not isinstance(problem, OSError):
            raise
        message = f"The interpreter {place.interpreter} cannot be started: {problem}."
        raise ZygoteDown(message) from problem
    finally:
        theirs.close()
    return process, ours


async def _first_word(
    process: asyncio.subprocess.Process, link: socket.socket, place: Place
) -> None:
    try:
        async with asyncio.timeout(START_S):
            word = await asyncio.get_running_loop().sock_recv(link, MESSAGE_BYTES)
        said = json.loads(word) if word else {}
        if "ready" in said:
            return
        reason = said.get("refused") or f"{place.interpreter} ended as it began."
    except TimeoutError:
        reason = f"{place.interpreter} was not ready within {START_S:g} seconds."
    except BaseException:
        await _abandon(process, link)
        raise
    await _abandon(process, link)
    raise ZygoteDown(reason)


async def _abandon(process: asyncio.subprocess.Process, link: socket.socket) -> None:
    link.close()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
