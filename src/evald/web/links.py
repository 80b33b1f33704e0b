"""Where every page is: the one place that writes paths and queries."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from evald.wire.output_items import OutputItemStatus


@dataclass(frozen=True, slots=True)
class RunAddress:
    """What of a run is shown: its items of one status or all, beyond one item or from the first.

    `is_still` says that the page of a run in progress does not load itself again.
    """

    eval_id: str
    run_id: str
    status: OutputItemStatus | None = None
    after: str | None = None
    is_still: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """Full paths to all pages.

    `prefix` is what stands before them where pages are reached under a path of their own, without
    a slash at its end; mostly it is empty.
    """

    prefix: str

    def evals(self, after: str | None = None) -> str:
        """The list of evals."""
        return self._link("/", {"after": after})

    def eval(self, eval_id: str, after: str | None = None) -> str:
        """An eval with the list of its runs."""
        return self._link(_eval_path(eval_id), {"after": after})

    def run(self, address: RunAddress) -> str:
        """A run, of which these items are shown."""
        query = {
            "run_id": address.run_id,
            "status": address.status,
            "after": address.after,
            "refresh": "off" if address.is_still else None,
        }
        return self._link(_eval_path(address.eval_id), query)

    def sign_in(self, to: str | None = None) -> str:
        """The form that asks for a key and then leads on to the local path `to`."""
        return self._link("/sign-in", {"next": to})

    def sign_out(self) -> str:
        """Where the session is ended (POST)."""
        return self._link("/sign-out", {})

    def style(self, content_hash: str) -> str:
        """The style sheet of this content."""
        return self._link("/static/app.css", {"v": content_hash})

    def _link(self, path: str, query: dict[str, str | None]) -> str:
        given = {name: value for name, value in query.items() if value is not None}
        return f"{self.prefix}{path}?{urlencode(given)}" if given else self.prefix + path


def links_under(public_url: str) -> Links:
    """The links of pages that are reached at this URL."""
    return Links(urlsplit(public_url).path.rstrip("/"))


def _eval_path(eval_id: str) -> str:
    return f"/evaluations/{quote(eval_id, safe='')}"


def local_path(text: str | None) -> str | None:
    r"""The text, if a browser that is sent there stays on this server; else None.

    A path and a query, beginning with exactly one slash. Browsers read a backslash as a slash and
    skip tabs and line feeds, so that `/\evil.test` and `/<tab>/evil.test` would lead away.
    """
    if not text or not text.startswith("/") or text.startswith("//"):
        return None
    if not text.isascii() or not text.isprintable() or "\\" in text or " " in text:
        return None
    return text
