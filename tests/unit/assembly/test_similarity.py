from pathlib import Path

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import ScriptedModel
from evald.assembly.providers import ConfigInvalid
from evald.assembly.similarity import similarity_tools
from evald.settings import Settings

CLOCK = SystemClock()
MODEL = ScriptedModel((), CLOCK)


async def test_the_embedding_model_is_the_one_that_is_set() -> None:
    async with similarity_tools(Settings(embedding_model="small"), MODEL, CLOCK) as tools:
        assert tools.embedder.model == "small"


async def test_a_local_model_that_is_not_there_keeps_the_server_from_starting(
    tmp_path: Path,
) -> None:
    settings = Settings(embedding_model=f"local:{tmp_path / 'nowhere'}")

    with pytest.raises(ConfigInvalid, match=r"EVALD_EMBEDDING_MODEL is 'local:.*nowhere': "):
        async with similarity_tools(settings, MODEL, CLOCK):
            pass
