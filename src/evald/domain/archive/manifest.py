"""The manifest of an archive: what is in it, file by file, and what is missing."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from evald.domain.archive.account import Missing
from evald.domain.archive.journal import FORMAT, VERSION, Source
from evald.domain.archive.kinds import Kind

MANIFEST = "manifest.json"


class ManifestMalformed(ValueError):
    """The text is no manifest of an archive, or one of a newer version."""


@dataclass(frozen=True, slots=True)
class ListCount:
    """How many objects of one list stand in the kind's file; `of` are the list's parents."""

    of: tuple[str, ...]
    objects: int


@dataclass(frozen=True, slots=True)
class KindCount:
    """What is there of one kind.

    `lists` says whose objects stand in the file, in the order in which they stand there. `ids` is
    how many different ids they have: as many as there are objects, unless a server gives objects
    of different parents the same id. `pages` is how many bodies under `raw/` they come from, and
    `last_page` the number of the latest. `not_understood` objects are in `raw/` only.
    """

    file: str
    objects: int
    ids: int
    pages: int
    last_page: int
    not_understood: int
    offered: bool
    lists: tuple[ListCount, ...]


@dataclass(frozen=True, slots=True)
class FileSum:
    """The size of a file and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that an archive says of itself. Times are seconds since 1970-01-01 UTC.

    `finished_at` is None where the latest call was interrupted. `contents` are the paths of files'
    contents by file id; `files` covers every file of the archive but the manifest.
    """

    source: Source
    begun_at: int
    finished_at: int | None
    kinds: dict[Kind, KindCount]
    missing: tuple[Missing, ...]
    contents: dict[str, str]
    files: dict[str, FileSum]
    format: Literal["evald-archive"] = FORMAT
    version: Literal[1] = VERSION


_MANIFEST: Final = TypeAdapter(Manifest)


def manifest_text(manifest: Manifest) -> bytes:
    """The manifest as it stands in `manifest.json`."""
    return _MANIFEST.dump_json(manifest, indent=1) + b"\n"


def read_manifest(text: bytes) -> Manifest:
    """The manifest that a text holds.

    Raises:
        ManifestMalformed: it holds none.
    """
    try:
        return _MANIFEST.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ManifestMalformed(f"{place or 'it'}: {first['msg']}") from error
