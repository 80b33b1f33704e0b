"""Embeddings from a model on this machine's disk: no provider, no network."""

import asyncio
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evald.domain.backoff import DEADLINE_EXCEEDED
from evald.ports.clock import Clock
from evald.ports.embeddings import Embeddings
from evald.ports.model import FailureKind, ModelFailure

LIBRARY = "model2vec"
EXTRA = "local-embeddings"


class LocalModelMissing(Exception):
    """The library or the folder of a local model is not there; the message says which."""


class LocalEmbedder:
    """A static model of model2vec, read from a folder when the first text comes.

    Its vectors cost nothing and are not kept: making one takes some microseconds a word. The text
    is cut where the model's own configuration says, usually after 512 tokens.

    Raises:
        LocalModelMissing: the extra is not installed, or the folder is not there.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        if find_spec(LIBRARY) is None:
            message = f"a local embedding model needs the extra: pip install 'evald[{EXTRA}]'"
            raise LocalModelMissing(message)
        # The library would look for a folder that is not there on the Hugging Face Hub.
        if not (folder / "config.json").is_file():
            raise LocalModelMissing(f"{folder} has no config.json, and so no embedding model")
        self._folder = folder
        self._clock = clock
        self._loaded: Any = None
        # Two threads would otherwise read the model twice, each into memory of its own.
        self._loading = threading.Lock()

    @property
    def model(self) -> str:
        """The folder's name; where it is, is nobody's concern."""
        return f"local:{self._folder.name}"

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Embeddings | ModelFailure:
        """The vectors of these texts, made in a thread."""
        try:
            async with asyncio.timeout(deadline - self._clock.monotonic()):
                return await asyncio.to_thread(self._embedded, list(texts))
        except TimeoutError:
            message = f"{self.model} was not done before the row's time was over."
            return ModelFailure(FailureKind.TIMEOUT, DEADLINE_EXCEEDED, message)

    async def close(self) -> None:
        """Nothing is open."""

    def _embedded(self, texts: list[str]) -> Embeddings | ModelFailure:
        try:
            vectors = self._model().encode(texts).tolist()
        except Exception as problem:  # noqa: BLE001 - a folder that holds something else makes
            # the library's parts raise errors of their own kinds, without a common ancestor.
            message = f"{self.model} cannot embed: {type(problem).__name__}: {problem}"
            return ModelFailure(FailureKind.RAISED, "local_embedding_failed", message)
        return Embeddings(vectors, {})

    def _model(self) -> Any:
        with self._loading:
            if self._loaded is None:
                library = import_module(LIBRARY)
                self._loaded = library.StaticModel.from_pretrained(
                    self._folder, force_download=False
                )
        return self._loaded
