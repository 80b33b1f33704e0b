"""Compiled templates, kept in a folder, so that they are compiled once and not at each start."""

import hashlib
import hmac
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from jinja2.bccache import Bucket, BytecodeCache

_PURPOSE = b"evald template 1\n"
_MAC_BYTES = 32
_PRIVATE = 0o700
_ENDING = ".compiled"


class KeptTemplates(BytecodeCache):
    """Templates in a folder, each with a seal.

    What is read is run, so only what somebody with the data folder's secret has sealed is read.
    Whatever else lies there, or cannot be kept, costs compiling a template anew: a third of a
    second for the page of a run (measured 2026-11).
    """

    def __init__(self, folder: Path, secret: bytes) -> None:
        """Keeps them in this folder, which is made when the first one is."""
        self._folder = folder
        self._secret = secret
        versions = (sys.version, version("evald"), version("jinja2"))
        self._made_with = "\n".join(versions)

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The name, since a folder is served from by one evald at a time."""
        return name

    def get_source_checksum(self, source: str) -> str:
        """Another one where the template has changed, or whatever compiles it."""
        return hashlib.sha256(f"{self._made_with}\n{source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """The bucket is filled, if there is anything to fill it with."""
        try:
            sealed = self._path(bucket).read_bytes()
        except OSError:
            return
        mac, content = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if hmac.compare_digest(mac, self._mac(content)):
            bucket.bytecode_from_string(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """The template is kept, if the folder can be written to."""
        content = bucket.bytecode_to_string()
        with suppress(OSError):
            self._folder.mkdir(_PRIVATE, parents=True, exist_ok=True)
            # Under a name of its own first: pages are made by several threads at a time.
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                try:
                    file.write(self._mac(content) + content)
                    file.flush()
                    Path(file.name).replace(self._path(bucket))
                except OSError:
                    Path(file.name).unlink()

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}{_ENDING}"

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self._secret, _PURPOSE + content, hashlib.sha256)
