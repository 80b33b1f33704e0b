"""A provider that tells the key it was sent in every way there is, or says one thing as a model."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAYS = ["401", "html", "redirect", "list", "text", "cut", "long", "status", "header", "code"]
"""What models may be named."""


@contextmanager
def telling_provider(output: str) -> Iterator[str]:
    """Its base URL; models of any other name say this output."""

    class Telling(_Telling):
        said = output

    with ThreadingHTTPServer(("127.0.0.1", 0), Telling) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}/v1"
        finally:
            listening.shutdown()
            thread.join(10)


class _Telling(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    said = ""

    def do_GET(self) -> None:
        self._answer(401, self._error())

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        way = str(json.loads(raw)["model"]).removeprefix("tell-")
        key = self._key()
        if self.path.endswith("/embeddings") or way == "401":
            self._answer(401, self._error())
        elif way == "redirect":
            self._answer(302, f"<a href='/?key={key}'>", location=f"/elsewhere?key={key}")
        elif way in ("status", "header"):
            head = "HTTP/1.1 @" if way == "status" else "HTTP/1.1 200 OK\r\n@\r\nx @: y"
            self.wfile.write(f"{head.replace('@', key)}\r\n\r\n".encode())
            self.close_connection = True
        else:
            self._answer(*_telling(way, key, raw.decode()) or (200, json.dumps(_said(self.said))))

    def _key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def _error(self) -> str:
        message = f"Incorrect API key provided: {self._key()}. ({self._key()})"
        return json.dumps({"error": {"message": message, "code": "invalid_api_key"}})

    def _answer(self, status: int, content: str, *, location: str = "") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content.encode())))
        self.send_header("x-key", self._key())
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def _telling(way: str, key: str, asked: str) -> tuple[int, str] | None:
    """The status and the body that tell the key in this way; None for the name of a model."""
    ways = {
        "code": (403, json.dumps({"error": {"code": key, "type": key}})),
        "html": (500, f"<html><h1>Oops</h1><pre>{key}\n{asked}</pre></html>"),
        "list": (200, json.dumps(["the key is", key, key])),
        "text": (200, json.dumps("x" * 20 + key)),
        "cut": (400, "x" * (1_000 - len(key) // 2) + key * 9),
        "long": (400, json.dumps({"error": {"message": ("x" * 13 + key) * 5_000}})),
    }
    return ways.get(way)


def _said(text: str) -> dict[str, object]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_750_000_000,
        "model": "any",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
