"""An archive in one file: a zip whose bytes depend on the archive's alone."""

import hashlib
import os
import zipfile
from pathlib import Path

from evald.adapters.archive.files import PRIVATE_FILE, keeping, open_private
from evald.adapters.archive.reader import ArchiveReader, open_reader
from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.domain.archive.manifest import MANIFEST, manifest_text

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_UNIX = 3


def pack(folder: Path) -> Path:
    """The zip beside the folder, of the folder's name, with all that the manifest names.

    Raises:
        ArchiveUnreadable: the folder is not what its manifest says.
        CannotKeep: the zip cannot be written.
    """
    folder = folder.resolve()
    place = folder.with_name(f"{folder.name}.zip")
    unfinished = place.with_name(f"{place.name}.unfinished")
    with keeping(place.parent), open_reader(folder) as reader:
        try:
            with open_private(unfinished) as file:
                with zipfile.ZipFile(file, "w") as archive:
                    _add_all(archive, reader, top=folder.name)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
    return place


def _add_all(archive: zipfile.ZipFile, reader: ArchiveReader, *, top: str) -> None:
    with archive.open(_entry(f"{top}/{MANIFEST}"), "w", force_zip64=True) as out:
        out.write(manifest_text(reader.manifest))
    for name in sorted(reader.manifest.files):
        total = hashlib.sha256()
        with archive.open(_entry(f"{top}/{name}"), "w", force_zip64=True) as out:
            for piece in reader.pieces(name):
                total.update(piece)
                out.write(piece)
        if total.hexdigest() != reader.manifest.files[name].sha256:
            raise ArchiveUnreadable(f"{name} has another SHA-256 than the manifest says.")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = PRIVATE_FILE << 16
    return entry
