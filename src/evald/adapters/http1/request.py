"""The line and headers of a request, of which only the length of its body changes."""

from collections.abc import Mapping

from yarl import URL


class RequestHead:
    """What goes before the body of every request of one kind.

    Raises:
        ValueError: a header would end its line.
    """

    def __init__(self, method: str, url: URL, headers: Mapping[str, str]) -> None:
        """Requests by this method for this URL."""
        given = {name.lower() for name in headers}
        ours = {
            "Host": url.host_port_subcomponent or "",
            "User-Agent": "evald",
            "Accept-Encoding": "gzip, deflate",
        }
        all_headers = {name: ours[name] for name in ours if name.lower() not in given} | {**headers}
        lines = [f"{method} {url.raw_path_qs} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in all_headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            message = "A line of a request cannot hold a line break."
            raise ValueError(message)
        self._start = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
        self._is_bodiless = method == "GET"

    def of(self, body: bytes) -> bytes:
        """The head of a request with this body."""
        if self._is_bodiless:
            return self._start + b"\r\n"
        return b"%bContent-Length: %d\r\n\r\n" % (self._start, len(body))
