"""Whether what the documents link to, name and show is there, and works."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from evald.assembly.providers import read_providers
from evald.settings import Settings
from tests.house.documents import (
    DECISIONS,
    blocks,
    documents,
    headings,
    prose_of,
    section,
    text_of,
)
from tests.house.project import PACKAGE, ROOT, shown

CEILINGS = {"README.md": 150, "ARCHITECTURE.md": 200}
PARTS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """The names that headings have as link targets, as GitHub makes them."""
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings(path)]
    return {name.replace(" ", "-") for name in plain}


def broken_links(path: Path) -> list[str]:
    broken = []
    for target in LINK.findall(prose_of(path)):
        name, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        found = (path.parent / name).resolve() if name else path
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(f"{shown(path)}: {target}")
    return broken


def test_links_between_documents_lead_somewhere() -> None:
    """A document that was moved or renamed leaves links behind that fail one reader at a time."""
    assert [link for path in documents() for link in broken_links(path)] == []


def test_the_commands_that_documents_name_are_targets_of_make() -> None:
    """The first command a newcomer types must be there."""
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))

    strange = [
        f"{shown(path)}: make {target}"
        for path in documents()
        for target in re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text_of(path), re.MULTILINE)
        if target not in targets
    ]

    assert strange == []


@pytest.mark.parametrize("name", CEILINGS)
def test_what_is_read_first_stays_short(name: str) -> None:
    """Who has to scroll through a README does not read it; the rest belongs into docs/."""
    assert len(text_of(ROOT / name).splitlines()) <= CEILINGS[name]


def missing_files(text: str) -> list[str]:
    """The paths in backticks that are neither in the project nor in the package."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*(?:\.py)?)`", text)
    return [name for name in named if not any((base / name).exists() for base in (ROOT, PACKAGE))]


def test_the_architecture_names_files_that_are_there() -> None:
    """A guide that leads to a file of last year costs more time than none."""
    named = re.findall(r"`([\w/]+\.py)`", text_of(ROOT / "ARCHITECTURE.md"))

    assert named
    assert [
        name for name in named if not any((base / name).exists() for base in (ROOT, PACKAGE))
    ] == []


@pytest.mark.parametrize(("document", "block"), blocks("toml"))
def test_every_example_of_providers_is_accepted(document: str, block: str, tmp_path: Path) -> None:
    """Examples are copied; one with a key of yesterday keeps the copier's server from starting."""
    config = tmp_path / "evald.toml"
    config.write_text(block, encoding="utf-8")
    entries = tomllib.loads(block)["providers"]
    keys = {each["api_key_env"]: "key" for each in entries if "api_key_env" in each}

    providers = read_providers(Settings(config=config), keys)

    assert len(providers) == len(entries) + 1, document


@pytest.mark.parametrize(("document", "block"), blocks("python"))
def test_every_python_example_is_python(document: str, block: str) -> None:
    """An example that does not even parse has never been run."""
    ast.parse(block, filename=document)


def decisions() -> list[Path]:
    return sorted(DECISIONS.glob("*.md"))


def test_decisions_are_numbered_without_gap_or_double() -> None:
    """Two records of one number are cited for one another."""
    numbers = [int(path.name[:4]) for path in decisions()]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_every_decision_has_its_five_parts(path: Path) -> None:
    """A record without alternatives invites the argument again; one without a line, misquoting."""
    title, *parts = headings(path)

    assert re.fullmatch(rf"{path.name[:4]}\. .+", title)
    assert parts == PARTS
    assert "**" in section(path, "Decision")


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_what_enforces_a_decision_is_there(path: Path) -> None:
    """A decision whose test was renamed away is enforced by nobody, and says otherwise."""
    assert missing_files(section(path, "Enforced by")) == []
