"""A proxy before a server, which refuses the first calls of a lane and then lets all through.

A lane is the beginning of a path: `/{name}/{status}/{times}/v1/evals` is answered with the status
so many times, and after that with what the server says to `/v1/evals`.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

HEADERS = {
    429: {"retry-after": "1", "retry-after-ms": "20"},  # both, as OpenAI sends them
    503: {"retry-after": "1"},
}
BODY = b'{"error":{"message":"Try again.","type":"requests","param":null,"code":"busy"}}'
OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}


class FlakyProxy(ThreadingHTTPServer):
    """The proxy of one server; it counts the calls of each lane."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.behind = behind
        self.calls: Counter[str] = Counter()

    def handle_error(self, *_: object) -> None:
        """A client that goes away in the middle is no news."""

    @property
    def url(self) -> str:
        """Where the proxy listens, without a lane."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def flaky_proxy(behind: int) -> Iterator[FlakyProxy]:
    """A proxy of the server at this port of this machine."""
    with FlakyProxy(behind) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


class _Call(BaseHTTPRequestHandler):
    """One call: refused, or handed on as it came."""

    server: FlakyProxy
    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]

    def do_GET(self) -> None:
        _, name, status, times, path = self.path.split("/", 4)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.calls[name] += 1
        if self.server.calls[name] <= int(times):
            self._answer(int(status), HEADERS[int(status)], BODY)
        else:
            self._hand_on(f"/{path}", body)

    do_POST = do_DELETE = do_GET  # noqa: N815 - the names are http.server's

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _hand_on(self, path: str, body: bytes) -> None:
        kept = {name: value for name, value in self.headers.items() if _travels(name)}
        server = HTTPConnection("127.0.0.1", self.server.behind, timeout=30)
        try:
            server.request(self.command, path, body or None, kept)
            answer = server.getresponse()
            content = answer.read()
            headers = {name: value for name, value in answer.getheaders() if _travels(name)}
            self._answer(answer.status, headers, content)
        finally:
            server.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _travels(name: str) -> bool:
    return name.lower() not in OF_ONE_HOP | {"content-length"}
