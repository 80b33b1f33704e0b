"""The project's documents: where they are, and how their headings, tables and blocks are read."""

import re
from pathlib import Path

from tests.house.project import ROOT, shown

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
DECISIONS = DOCS / "decisions"

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def documents() -> list[Path]:
    """Every document of the project but the changelog and its fragments."""
    return sorted(path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md") + sorted(
        DOCS.rglob("*.md")
    )


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    """The document without its fenced blocks, in which a `#` is no heading and `](` no link."""
    return FENCE.sub("", text_of(path))


def headings(path: Path) -> list[str]:
    return HEADING.findall(prose_of(path))


def section(path: Path, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    text = text_of(path)
    found = re.search(rf"^(#+) +{re.escape(heading)} *$", text, re.MULTILINE)
    assert found, f"{shown(path)} has no heading '{heading}'"
    end = re.search(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], re.MULTILINE)
    return text[found.end() :][: end.start()] if end else text[found.end() :]


def table_rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, but for those of dashes."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if not set("".join(row)) <= set("-: ")]


def blocks(language: str) -> list[tuple[str, str]]:
    """The fenced blocks of a language, each with the document it stands in."""
    return [
        (shown(path), block)
        for path in documents()
        for name, block in FENCE.findall(text_of(path))
        if name == language
    ]
