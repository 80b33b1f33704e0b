"""An upstream that says back what it was asked, so that a test sees what went out for a row.

Models named `mirror-…` do more: `mirror-calls` calls a tool, `mirror-refuses` refuses.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SNAPSHOT = "mirror-2026-01-31"
"""The model that an answer names, whichever name was asked for."""

ARGUMENTS = '{"symbols":["a","b"]}'


class _Mirror(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = _chat(asked) if self.path.endswith("/chat/completions") else _response(asked)
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def running_mirror() -> Iterator[str]:
    """The base URL of a mirror that is there while the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Mirror) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}/v1"
        finally:
            listening.shutdown()
            thread.join(10)


def _chat(asked: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": json.dumps(asked), "refusal": None}
    if asked["model"] == "mirror-calls":
        function = {"name": "extract", "arguments": ARGUMENTS}
        call = {"id": "call_1", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    if asked["model"] == "mirror-refuses":
        message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
    return {
        "id": "chatcmpl-mirror",
        "object": "chat.completion",
        "created": 1_750_000_000,
        "model": SNAPSHOT,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 2,
            "total_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 3},
        },
    }


def _response(asked: dict[str, Any]) -> dict[str, Any]:
    said = {"type": "output_text", "text": json.dumps(asked), "annotations": []}
    output: list[dict[str, Any]] = [{"type": "message", "role": "assistant", "content": [said]}]
    if asked["model"] == "mirror-calls":
        call = {"type": "function_call", "call_id": "call_1", "name": "extract"}
        output = [{**call, "id": "fc_1", "arguments": ARGUMENTS}]
    return {
        "id": "resp_mirror",
        "object": "response",
        "status": "completed",
        "model": SNAPSHOT,
        "output": output,
        "usage": {
            "input_tokens": 7,
            "output_tokens": 2,
            "total_tokens": 9,
            "input_tokens_details": {"cached_tokens": 3},
        },
    }
