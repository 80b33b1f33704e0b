"""Where every page is: the one place that writes paths and queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from evald.domain.logs.terms import LogKind
from evald.web.compare_address import CompareAddress
from evald.web.run_address import RunAddress


@dataclass(frozen=True, slots=True)
class LogsAddress:
    """Which logs are shown; bounds as they were written, in Unix seconds or as a moment in UTC."""

    kind: LogKind
    model: str = ""
    metadata: Sequence[tuple[str, str]] = ()
    created_after: str = ""
    created_before: str = ""
    after: str | None = None


def in_form(href: str, form: Literal["json", "csv"]) -> str:
    """Where the page at this full path is as JSON, or its table as CSV."""
    path, mark, query = href.partition("?")
    path = f"{path}evaluations" if path.endswith("/") else path
    return f"{path}.{form}{mark}{query}"


@dataclass(frozen=True, slots=True)
class Links:
    """Full paths to all pages.

    `prefix` is what stands before them where pages are reached under a path of their own, without
    a slash at its end; mostly it is empty.
    """

    prefix: str

    def evals(self, after: str | None = None, search: str | None = None) -> str:
        """The list of evals, or of those with this in their name."""
        return self._link("/", {"search": search, "after": after})

    def eval(self, eval_id: str, after: str | None = None) -> str:
        """An eval with the list of its runs."""
        return self._link(_eval_path(eval_id), {"after": after})

    def run(self, address: RunAddress) -> str:
        """A run, of which these items are shown."""
        return self._link(_eval_path(address.eval_id), address.query())

    def items(self, address: RunAddress) -> str:
        """The items of a run, in its page."""
        return f"{self.run(address)}#items"

    def item(self, address: RunAddress, item_id: str) -> str:
        """A page of its own for an item of a run, with the way back to the items shown."""
        path = f"{_eval_path(address.eval_id)}/items/{quote(item_id, safe='')}"
        return self._link(path, {**address.query(), "item": None, "refresh": None})

    def saved_run(self, address: RunAddress) -> str:
        """The page of a run as one file."""
        query = {**address.query(), "item": None, "refresh": None, "after": None, "before": None}
        return self._link(f"{_eval_path(address.eval_id)}/save", query)

    def events(self, eval_id: str, run_id: str) -> str:
        """How a run goes on, as a stream of events."""
        return self._link(f"{_eval_path(eval_id)}/events", {"run_id": run_id})

    def retry(self, eval_id: str) -> str:
        """Where a run is given a second chance (POST)."""
        return self._link(f"{_eval_path(eval_id)}/retry", {})

    def new_run(self, eval_id: str, run_id: str | None = None) -> str:
        """The form for a new run of an eval, filled in as this run of it was made."""
        return self._link(f"{_eval_path(eval_id)}/new-run", {"run_id": run_id})

    def cancel(self, eval_id: str, run_id: str) -> str:
        """The question whether this run is to be canceled."""
        return self._link(f"{_eval_path(eval_id)}/cancel", {"run_id": run_id})

    def delete(self, eval_id: str, run_id: str | None = None) -> str:
        """The question whether this run of the eval, or else the eval, is to be deleted."""
        return self._link(f"{_eval_path(eval_id)}/delete", {"run_id": run_id})

    def compare(self, run_ids: Sequence[str] = ()) -> str:
        """These runs beside one another."""
        return self._link("/compare", {"runs": ",".join(run_ids) or None})

    def comparison(self, address: CompareAddress) -> str:
        """Runs beside one another, of which these changed items are shown."""
        return self._link("/compare", address.query())

    def files(self, after: str | None = None, purpose: str | None = None) -> str:
        """The list of files, or of those with this purpose."""
        return self._link("/files", {"purpose": purpose, "after": after})

    def file(self, file_id: str) -> str:
        """A file, with its first rows."""
        return self._link(f"/files/{quote(file_id, safe='')}", {})

    def file_content(self, file_id: str) -> str:
        """The bytes of a file."""
        return self._link(f"/files/{quote(file_id, safe='')}/content", {})

    def logs(self, address: LogsAddress) -> str:
        """The list of logs of a kind, or of those that fit."""
        query: dict[str, str | Sequence[str] | None] = {
            "kind": address.kind,
            "model": address.model or None,
            "metadata": [f"{key}={value}" for key, value in address.metadata],
            "created_after": address.created_after or None,
            "created_before": address.created_before or None,
            "after": address.after,
        }
        return self._link("/logs", query)

    def logs_of(self, kind: LogKind) -> str:
        """The list of all logs of a kind."""
        return self.logs(LogsAddress(kind))

    def log(self, kind: LogKind, log_id: str) -> str:
        """A stored completion or response."""
        return self._link(f"/logs/{quote(log_id, safe='')}", {"kind": kind})

    def eval_of_logs(self, address: LogsAddress) -> str:
        """The form that makes an eval over the logs that fit."""
        return self.logs(address).replace("/logs?", "/logs/new-eval?", 1)

    def sign_in(self, to: str | None = None) -> str:
        """The form that asks for a key and then leads on to the local path `to`."""
        return self._link("/sign-in", {"next": to})

    def sign_out(self) -> str:
        """Where the session is ended (POST)."""
        return self._link("/sign-out", {})

    def theme(self) -> str:
        """Where a theme is chosen (POST)."""
        return self._link("/theme", {})

    def asset(self, name: str, content_hash: str) -> str:
        """The style sheet or the script of this content."""
        return self._link(f"/static/{name}", {"v": content_hash})

    def _link(self, path: str, query: Mapping[str, str | Sequence[str] | None]) -> str:
        given = {name: value for name, value in query.items() if value}
        written = urlencode(given, doseq=True, safe=",")
        return f"{self.prefix}{path}?{written}" if given else self.prefix + path


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
