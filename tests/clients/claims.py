"""Which client was seen to make which call: what tests claim, and the table made of it.

`python -m tests.clients.claims` writes the table into docs/compatibility.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import pytest

from tests.clients.environments import Client, clients

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"
BEGINS = "<!-- Written by `make client-table` from what tests/clients claims. -->\n"
ENDS = "<!-- The end of what is written. -->\n"

CALLS = (
    "evals.create",
    "evals.retrieve",
    "evals.update",
    "evals.list",
    "evals.delete",
    "evals.runs.create",
    "evals.runs.retrieve",
    "evals.runs.list",
    "evals.runs.cancel",
    "evals.runs.delete",
    "evals.runs.output_items.list",
    "evals.runs.output_items.retrieve",
    "files.create",
    "files.retrieve",
    "files.list",
    "files.content",
    "files.delete",
    "models.list",
    "fine_tuning.alpha.graders.run",
    "fine_tuning.alpha.graders.validate",
    "a run graded by string_check",
    "a run graded by text_similarity",
    "a run graded by label_model",
    "a run graded by score_model",
    "a run graded by python",
    "all pages of a list, turned by the client",
    "asynchronous",
    "raw answers",
    "streamed answers",
    "options of a single call",
    "400, 401 and 404 as the client's errors",
    "429 and 503, tried again",
)
"""The rows of the table, in its order."""

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Claim:
    """That these clients make these calls, which the test that carries the claim sees."""

    calls: tuple[str, ...]
    clients: tuple[str, ...]
    but: str  # what holds instead of "yes"


def shows(*calls: str, by: Sequence[str], but: str = "") -> Callable[[Test], Test]:
    """The test runs once for each of these clients, and its passing shows the calls.

    Args:
        calls: rows of the table.
        by: names of clients, as in pins.toml; the fixture `told` is what each was told.
        but: what the table says instead of "yes", where the client does not get all it asks for.
    """
    strange = set(calls) - set(CALLS)
    assert not strange, f"no row of the table: {strange}"

    def mark(test: Test) -> Test:
        pytest.mark.parametrize("told", by, indirect=True)(test)  # a mark stays on what it marks
        pytest.mark.shows(Claim(calls, tuple(by), but))(test)
        return test

    return mark


def claims() -> Iterator[Claim]:
    """Everything the tests of this folder claim."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = import_module(f"tests.clients.{path.stem}")
        for test in vars(module).values():
            for mark in getattr(test, "pytestmark", ()):
                if mark.name == "shows":
                    yield mark.args[0]


def table() -> str:
    """The table client × call, in Markdown: a row for each call, a column for each client."""
    cells = {
        (call, name): claim.but or "yes"
        for claim in claims()
        for call in claim.calls
        for name in claim.clients
    }
    columns = clients()
    rows = [
        ["call", *(_heading(client) for client in columns.values())],
        ["---"] * (len(columns) + 1),
        *([_title(call), *(cells.get((call, name), "–") for name in columns)] for call in CALLS),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def written(document: str) -> str:
    """The document with the table as it is now."""
    before, _, rest = document.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n{table()}\n{ENDS}{after}"


def _heading(client: Client) -> str:
    language = " (Node)" if client.npm else " (Python)" if client.package == "openai" else ""
    return f"`{client.package}` {client.version}".strip() + language


def _title(call: str) -> str:
    return call if " " in call or "." not in call else f"`{call}`"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
