"""An environment of packages for python graders: where it lies, and what it says of itself."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

RECORD = "evald-graders.json"
NLTK_FOLDER = "nltk_data"
"""Below an environment: one of the places where nltk looks, and the sandbox lets it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is installed, by name, with its version; and what is not, with the reason."""

    python: str
    packages: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    skipped_data: dict[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.skipped and not self.skipped_data

    def to_complete(self) -> "Contents":
        """The same before packages were left out."""
        return replace(self, skipped={})

    def with_package(self, name: str, version: str) -> "Contents":
        """The same with this package installed."""
        return replace(self, packages={**self.packages, name: version})

    def without_package(self, name: str, why: str) -> "Contents":
        """The same with this package left out."""
        return replace(self, skipped={**self.skipped, name: why})

    def with_data(self, name: str) -> "Contents":
        """The same with this data of nltk's."""
        return replace(self, data=[*self.data, name])

    def without_data(self, name: str, why: str) -> "Contents":
        """The same with this data left out."""
        return replace(self, skipped_data={**self.skipped_data, name: why})


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder with an interpreter and packages of its own."""

    folder: Path

    @property
    def interpreter(self) -> Path:
        """The program that runs code with these packages."""
        return self.folder / "bin" / "python"

    def contents(self) -> Contents | None:
        """What it says it holds; None where there is no environment, or none that was finished."""
        try:
            text = (self.folder / RECORD).read_bytes()
            return TypeAdapter(Contents).validate_json(text)
        except (OSError, ValidationError):
            return None

    def record(self, contents: Contents) -> None:
        """Says what it holds: the last step of its making."""
        new = self.folder / f"{RECORD}.new"
        new.write_bytes(TypeAdapter(Contents).dump_json(contents, indent=2))
        new.replace(self.folder / RECORD)

    def move_to(self, folder: Path) -> "Environment":
        """The same at another place, where nothing is left of what was there."""
        before = folder.with_name(f"{self.folder.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        if folder.exists():
            folder.rename(before)
        self.folder.rename(folder)
        shutil.rmtree(before, ignore_errors=True)
        return Environment(folder)
