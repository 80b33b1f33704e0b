"""A process that stands for the server: with secrets, files and ears that code might reach for."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

SECRET = "sk-very-secret"
RESULT = b"0.25"

_VICTIM = """
import ctypes, json, os, signal, socket, sys
libc = ctypes.CDLL(None)
libc.prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # whoever wants to may trace it
memory = ctypes.create_string_buffer(b"sk-very-secret")
result = os.memfd_create("report")
os.write(result, b"0.25")
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0evald-test-" + str(os.getpid()))
listener.listen()
print(json.dumps({"pid": os.getpid(), "address": ctypes.addressof(memory), "result": result}))
sys.stdout.flush()
sys.stdin.read()
print(os.pread(result, 100, 0).decode())
"""


@contextmanager
def victim(folder: Path, interpreter: str = sys.executable) -> Iterator[dict[str, Any]]:
    """What attacks need to know of it: they get this as their item."""
    outside = folder / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)
    secrets = {name: outside / name for name in ("evald.sqlite3", "scratch-of-another", "settings")}
    for path in secrets.values():
        path.write_text(SECRET)
        path.chmod(0o666)
    with ExitStack() as stack:
        process = stack.enter_context(_process(interpreter))
        assert process.stdout is not None
        known = json.loads(process.stdout.readline())
        yield {
            **known,
            "database": str(secrets["evald.sqlite3"]),
            "other": str(secrets["scratch-of-another"]),
            "outside": str(outside),
            "tcp": stack.enter_context(_tcp()),
            "udp": stack.enter_context(_udp()),
            "library": _a_library(interpreter),
        }


@contextmanager
def _process(interpreter: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [interpreter, "-c", _VICTIM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"SECRET": SECRET},
    )
    with process:
        yield process
        process.kill()


@contextmanager
def _tcp() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]  # the backlog answers for it


@contextmanager
def _udp() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        def answer() -> None:
            while (said := listener.recvfrom(512))[0] != b"end":
                listener.sendto(b"192.0.2.1", said[1])

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"end", listener.getsockname())
        thread.join()


def _a_library(interpreter: str) -> str:
    """A shared library that the interpreter may read, and has not loaded."""
    asked = [interpreter, "-c", "import os; print(os.path.dirname(os.__file__))"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    folder = Path(said.strip()) / "lib-dynload"
    return str(next(path for path in sorted(folder.glob("*.so")) if "_test" in path.name))
