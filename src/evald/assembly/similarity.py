"""What similarity is worked out with: from settings to a process, an embedder and a thesaurus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from evald.adapters.apart import ApartProcess
from evald.adapters.models.embedding import ProviderEmbedder
from evald.adapters.models.embedding_cache import EmbeddingCache
from evald.adapters.models.local_embedding import LocalEmbedder, LocalModelMissing
from evald.adapters.wordnet.synonyms import WordNet
from evald.assembly.providers import ConfigInvalid
from evald.graders.tools import SimilarityTools
from evald.ports.clock import Clock
from evald.ports.model import ModelClient
from evald.settings import LOCAL_MODEL, Settings, variable


@asynccontextmanager
async def similarity_tools(
    settings: Settings, models: ModelClient, clock: Clock
) -> AsyncIterator[SimilarityTools]:
    """The tools, of which none begins anything before it is needed, and which end with the block.

    Raises:
        ConfigInvalid: a local model was chosen that is not there.
    """
    embedder = _embedder(settings, models, clock)
    apart = ApartProcess(clock)
    try:
        yield SimilarityTools(apart=apart, embedder=embedder, synonyms=WordNet())
    finally:
        await embedder.close()
        await apart.close()


def _embedder(
    settings: Settings, models: ModelClient, clock: Clock
) -> ProviderEmbedder | LocalEmbedder:
    name = settings.embedding_model
    if not name.startswith(LOCAL_MODEL):
        cache = EmbeddingCache(settings.embedding_cache_bytes)
        return ProviderEmbedder(models, name, clock, cache=cache)
    try:
        return LocalEmbedder(Path(name.removeprefix(LOCAL_MODEL)), clock)
    except LocalModelMissing as missing:
        message = f"{variable('embedding_model')} is '{name}': {missing}."
        raise ConfigInvalid(message) from None
