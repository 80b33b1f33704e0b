"""The provider's embedder in virtual time, asking a provider whose vectors are lengths of texts."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import JsonValue

from evald.adapters.models.embedding import BATCH_BYTES, BATCH_TEXTS, ProviderEmbedder
from evald.adapters.models.embedding_cache import EmbeddingCache
from evald.domain.tally import Usage
from evald.ports.embeddings import Embeddings
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from tests.support.virtual_time import LoopClock, run_in_virtual_time

FAR = 100_000.0
TOO_LONG = ModelFailure(FailureKind.REFUSED, "context_length_exceeded", "Too long.", status=400)
NO_KEY = ModelFailure(FailureKind.REFUSED, "invalid_api_key", "Who are you?", status=401)


@dataclass(slots=True)
class Provider:
    """Takes a second over each call. Fulfils `ModelClient`."""

    refusal: ModelFailure = TOO_LONG
    raises: bool = False
    calls: list[list[str]] = field(default_factory=list)
    requests: list[ModelRequest] = field(default_factory=list)
    canceled: int = 0

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        given = request.body["input"]
        assert isinstance(given, list)
        texts = [str(text) for text in given]
        self.calls.append(texts)
        self.requests.append(request)
        try:
            await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            self.canceled += 1
            raise
        if self.raises:
            raise KeyError
        if any("bad" in text for text in texts):
            return self.refusal
        return ModelAnswer(_answer(texts), 1.0)


def _answer(texts: list[str]) -> dict[str, JsonValue]:
    count = sum(len(text) for text in texts)
    return {
        "data": [{"index": index, "embedding": [len(text), 1]} for index, text in enumerate(texts)],
        "model": "m-2024",
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def embedding(
    work: Callable[[ProviderEmbedder, Provider], Coroutine[Any, Any, None]],
    *,
    provider: Provider | None = None,
    cache_bytes: int = 1_000_000,
) -> Provider:
    """The provider, once the work with its embedder is done."""
    asked = provider or Provider()

    async def run() -> None:
        cache = EmbeddingCache(cache_bytes)
        embedder = ProviderEmbedder(asked, "m", LoopClock(), cache=cache)
        await work(embedder, asked)
        await embedder.close()

    run_in_virtual_time(run())
    return asked


async def vectors(embedder: ProviderEmbedder, *texts: str) -> list[list[float]]:
    outcome = await embedder.embed(texts, deadline=FAR)
    assert isinstance(outcome, Embeddings)
    return [list(vector) for vector in outcome.vectors]


async def at_once(embedder: ProviderEmbedder, *asks: list[str]) -> list[Embeddings | ModelFailure]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(embedder.embed(texts, deadline=FAR)) for texts in asks]
    return [task.result() for task in tasks]


def test_vectors_come_in_the_order_of_the_texts() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        assert await vectors(embedder, "ccc", "a", "ccc") == [[3, 1], [1, 1], [3, 1]]

    provider = embedding(work)

    assert provider.calls == [["ccc", "a"]]
    request = provider.requests[0]
    assert (request.api, request.model, request.deadline) == ("embeddings", "m", FAR)
    assert request.body == {"model": "m", "input": ["ccc", "a"], "encoding_format": "base64"}


def test_texts_that_come_together_share_a_call_and_its_cost() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        outcomes = await at_once(embedder, ["aa", "bbb"], ["bbb", "ccccc"], ["d"])

        usages = [each.usage["m-2024"] for each in outcomes if isinstance(each, Embeddings)]
        assert [usage.prompt_tokens for usage in usages] == [5, 5, 1]
        assert sum(usages, Usage()).invocations == 1

    assert embedding(work).calls == [["aa", "bbb", "ccccc", "d"]]


def test_a_text_under_way_is_not_asked_for_again_and_costs_who_came_first() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        first = asyncio.create_task(embedder.embed(["aa"], deadline=FAR))
        await asyncio.sleep(0.5)
        second = await embedder.embed(["aa"], deadline=FAR)

        assert isinstance(second, Embeddings)
        assert second.usage == {}
        assert isinstance(await first, Embeddings)

    assert embedding(work).calls == [["aa"]]


def test_a_text_that_was_asked_for_before_is_kept() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        await vectors(embedder, "aa")
        again = await embedder.embed(["aa"], deadline=FAR)

        assert again == Embeddings(again.vectors, {}) if isinstance(again, Embeddings) else False

    assert embedding(work).calls == [["aa"]]


def test_without_room_nothing_is_kept() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        await vectors(embedder, "aa")
        await vectors(embedder, "aa")

    assert embedding(work, cache_bytes=1).calls == [["aa"], ["aa"]]


def test_a_call_has_at_most_so_many_texts() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        await at_once(embedder, *([str(n)] for n in range(BATCH_TEXTS + 2)))

    assert [len(call) for call in embedding(work).calls] == [BATCH_TEXTS, 2]


def test_a_call_has_at_most_so_many_bytes_but_for_one_text_alone() -> None:
    half, whole = "é" * (BATCH_BYTES // 4), "x" * (BATCH_BYTES + 1)

    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        await at_once(embedder, [half], [half + "."], [whole], ["a"])

    calls = embedding(work).calls
    assert [len(call) for call in calls] == [1, 1, 1, 1]


def test_one_bad_text_costs_no_other() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        outcomes = await at_once(embedder, *([text] for text in ["a", "bb", "bad", "dddd", "e"]))

        assert [isinstance(each, Embeddings) for each in outcomes] == [
            True,
            True,
            False,
            True,
            True,
        ]
        assert outcomes[2] == TOO_LONG

    embedding(work)


def test_what_is_no_fault_of_one_text_is_not_asked_again_in_halves() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        assert await at_once(embedder, ["a"], ["bad"]) == [NO_KEY, NO_KEY]

    assert len(embedding(work, provider=Provider(refusal=NO_KEY)).calls) == 1


def test_a_failure_is_not_kept() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        await embedder.embed(["bad"], deadline=FAR)
        await embedder.embed(["bad"], deadline=FAR)

    assert len(embedding(work).calls) == 2


def test_who_has_no_time_left_gets_a_failure_and_the_others_their_vectors() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        async with asyncio.TaskGroup() as group:
            hasty = group.create_task(embedder.embed(["aa"], deadline=0.5))
            patient = group.create_task(embedder.embed(["aa"], deadline=FAR))

        late = hasty.result()
        assert isinstance(late, ModelFailure)
        assert (late.kind, late.code) == (FailureKind.TIMEOUT, "deadline_exceeded")
        assert isinstance(patient.result(), Embeddings)

    provider = embedding(work)
    assert [request.deadline for request in provider.requests] == [FAR]


def test_who_is_canceled_takes_nobody_along() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        first = asyncio.create_task(embedder.embed(["aa"], deadline=FAR))
        second = asyncio.create_task(embedder.embed(["aa"], deadline=FAR))
        await asyncio.sleep(0.5)
        first.cancel()

        assert isinstance(await second, Embeddings)

    assert embedding(work).canceled == 0


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.5])
def test_a_call_that_nobody_waits_for_is_canceled_and_the_next_one_is_made(after_s: float) -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        tasks = [asyncio.create_task(embedder.embed(["aa"], deadline=FAR)) for _ in range(3)]
        await asyncio.sleep(after_s)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

        assert await vectors(embedder, "aa") == [[2, 1]]

    provider = embedding(work)
    assert provider.canceled == (1 if after_s == 0.5 else 0)
    assert len(provider.calls) == provider.canceled + 1


def test_who_comes_while_a_call_is_being_canceled_gets_one_of_its_own() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        first = asyncio.create_task(embedder.embed(["aa"], deadline=FAR))
        await asyncio.sleep(0.5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

        assert await vectors(embedder, "aa") == [[2, 1]]

    assert embedding(work).canceled == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_error_of_ours_leaves_nobody_waiting() -> None:
    async def work(embedder: ProviderEmbedder, provider: Provider) -> None:
        outcome = await embedder.embed(["aa"], deadline=FAR)

        assert isinstance(outcome, ModelFailure)
        assert asyncio.get_running_loop().time() < 2.0

    embedding(work, provider=Provider(raises=True))
