"""What the two locks must hold: all we ask for, pinned, hashed, equal, of public origin."""

import re
import tomllib
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.project import ROOT

PUBLIC_INDEX = "https://pypi.org/simple"
PUBLIC_FILES = "https://files.pythonhosted.org/"
PIN = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?P<rest>.*)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of requirements.lock."""

    name: str
    version: str
    hashes: int


def pins() -> list[Pin]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    bare = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    return [pin(line) for line in bare.replace("\\\n", " ").splitlines()]


def pin(line: str) -> Pin:
    match = PIN.fullmatch(line)
    assert match, f"requirements.lock holds a line that pins nothing: {line}"
    return Pin(match["name"], match["version"], len(HASH.findall(match["rest"])))


def asked_for() -> list[Requirement]:
    """Everything pyproject.toml names: to run, for the demo, to develop, to build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
        project["build-system"]["requires"],
    ]
    return [Requirement(text) for texts in lists for text in texts]


def resolved() -> list[dict[str, object]]:
    """The packages of uv.lock, but for the project itself."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return [package for package in lock["package"] if package["name"] != "evald"]


def test_whatever_we_ask_for_is_locked_at_a_version_that_satisfies_us() -> None:
    """A dependency added to pyproject.toml alone works for who added it, and for nobody else."""
    versions = {(each.name, each.version) for each in pins()}

    missing = [
        str(wanted)
        for wanted in asked_for()
        if not any(
            name == canonicalize_name(wanted.name) and wanted.specifier.contains(version)
            for name, version in versions
        )
    ]

    assert missing == []


def test_every_pin_carries_hashes() -> None:
    """One pin without a hash makes pip refuse the whole file, and only on the user's machine."""
    assert [each.name for each in pins() if not each.hashes] == []


def test_both_locks_name_the_same_versions() -> None:
    """With pip and with uv one would otherwise run two different programs."""
    by_pip = {(each.name, each.version) for each in pins()}

    by_uv = {(package["name"], package["version"]) for package in resolved()}

    assert by_pip == by_uv


def test_the_locks_name_the_public_index_only() -> None:
    """The address of somebody's mirror or folder works on no other machine, and tells of it."""
    sources = {str(package["source"]) for package in resolved()}
    addresses = re.findall(r'\burl = "([^"]+)"', (ROOT / "uv.lock").read_text(encoding="utf-8"))

    assert sources == {str({"registry": PUBLIC_INDEX})}
    assert [url for url in addresses if not url.startswith(PUBLIC_FILES)] == []
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")
