"""Whether an archive is what its manifest says: file by file, line by line."""

import hashlib
from collections.abc import Iterator

from evald.adapters.archive.reader import ArchiveReader
from evald.adapters.archive.shelf import OWN_FILES, ArchiveUnreadable
from evald.domain.archive.facts import usable_id
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import MANIFEST, KindCount
from evald.domain.exact_json import CHECKING_DECODER


def problems(reader: ArchiveReader) -> Iterator[str]:
    """A sentence for each thing that is wrong; none for an archive that is as it was made.

    What could not be had from the source is in the manifest and no problem here.
    """
    told: set[str] = set()
    for sentence in _problems(reader):
        if sentence not in told:
            told.add(sentence)
            yield sentence


def _problems(reader: ArchiveReader) -> Iterator[str]:
    manifest = reader.manifest
    if manifest.finished_at is None:
        yield "The rescue was interrupted; call it again, and what is there is completed."
    for name in sorted(manifest.files):
        yield from _file_problems(reader, name)
    for name in sorted(set(reader.shelf.names()) - manifest.files.keys() - {MANIFEST}):
        if name in OWN_FILES or name.startswith(("raw/", "files/")):
            yield f"{name} is not in the manifest."
    for kind in Kind:
        if kind in manifest.kinds:
            yield from _kind_problems(reader, kind, manifest.kinds[kind])
        else:
            yield f"The manifest does not count {kind}."
    for file_id, path in sorted(manifest.contents.items()):
        if path not in manifest.files:
            yield f"The content of file '{file_id}' is not among the manifest's files."


def _file_problems(reader: ArchiveReader, name: str) -> Iterator[str]:
    total = hashlib.sha256()
    try:
        for piece in reader.pieces(name):
            total.update(piece)
    except ArchiveUnreadable as problem:
        yield str(problem)
        return
    if total.hexdigest() != reader.manifest.files[name].sha256:
        yield f"{name} has another SHA-256 than the manifest says."


def _kind_problems(reader: ArchiveReader, kind: Kind, count: KindCount) -> Iterator[str]:
    name = f"{kind}.jsonl"
    lines = 0
    ids: set[str] = set()
    try:
        for line in reader.lines(kind):
            lines += 1
            own = _id(line)
            if own is None:
                yield f"{name}, line {lines}: it is no JSON object with an id."
            else:
                ids.add(own)
    except ArchiveUnreadable as problem:
        yield str(problem)
        return
    if lines != count.objects:
        yield f"{name} has {lines} lines; the manifest counts {count.objects} objects."
    if len(ids) != count.ids:
        yield f"{name} has {len(ids)} different ids; the manifest says {count.ids}."
    if sum(each.objects for each in count.lists) != count.objects:
        yield f"The manifest's lists of {kind} do not add up to {count.objects} objects."


def _id(line: bytes) -> str | None:
    try:
        value = CHECKING_DECODER.decode(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    return usable_id(value.get("id")) if isinstance(value, dict) else None
