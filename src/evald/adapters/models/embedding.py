"""Embeddings from a provider: many texts a call, each text asked for once."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from evald.adapters.models.embedding_answer import Vector, read_embeddings, shared_out
from evald.adapters.models.embedding_cache import EmbeddingCache
from evald.domain.backoff import DEADLINE_EXCEEDED
from evald.domain.tally import Usage
from evald.ports.clock import Clock
from evald.ports.embeddings import Embeddings
from evald.ports.model import FailureKind, ModelClient, ModelFailure, ModelRequest

BATCH_TEXTS = 256
BATCH_BYTES = 256 * 1024
"""So much goes into one call at most, but for a single text that is longer.

Source: OpenAI takes up to 2,048 texts and 300,000 tokens a call; a token has a byte at least.
"""

GATHER_S = 0.004
"""So many seconds a text waits for others to go along with it."""

_OF_ONE_TEXT = frozenset({400, 413, 422})
"""Statuses by which a provider may refuse a whole call for the sake of one text in it."""

Found = Vector | ModelFailure


class _Batch:
    """Texts that go into one call, gathered for a moment, and the call once it is under way."""

    def __init__(self) -> None:
        self.wanted: list[_Wanted] = []
        self.size_bytes = 0
        self.call: asyncio.Task[None] | None = None

    def has_room_for(self, size_bytes: int) -> bool:
        """Whether a text of this size may go along; any may that is alone."""
        fits = self.size_bytes + size_bytes <= BATCH_BYTES and len(self.wanted) < BATCH_TEXTS
        return fits or not self.wanted


@dataclass(slots=True)
class _Wanted:
    """One text that is asked for: how many wait for it, until when, and what came of it."""

    key: bytes
    text: str
    size_bytes: int
    batch: _Batch
    found: asyncio.Future[Found]
    deadline: float
    waiting: int = 0
    usage: Usage = field(default_factory=Usage)
    paid_to: str = ""


class ProviderEmbedder:
    """Texts as vectors of one model, asked through a model client that retries and limits.

    Texts that are asked for within a few milliseconds of each other share a call; who asks for a
    text that is under way waits for that; vectors are kept by their texts' SHA-256. Where a
    provider refuses a call of many texts, its halves are asked, so that one bad text costs no
    other. What a call cost is shared out by the size of its texts, to whoever asked for each first.
    Used within one event loop, and closed at its end.
    """

    def __init__(
        self, models: ModelClient, model: str, clock: Clock, *, cache: EmbeddingCache
    ) -> None:
        self._models = models
        self._model = model
        self._clock = clock
        self._cache = cache
        self._under_way: dict[bytes, _Wanted] = {}
        self._gathering: _Batch | None = None
        self._calls: set[asyncio.Task[None]] = set()

    @property
    def model(self) -> str:
        """The model that is asked, by the name under which it is configured."""
        return self._model

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Embeddings | ModelFailure:
        """The vectors of these texts, or why there are none."""
        vectors: dict[str, Vector] = {}
        waited_for: dict[str, _Wanted] = {}
        paid: list[_Wanted] = []
        for text in dict.fromkeys(texts):
            key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            kept = self._cache.get(key)
            if kept is not None:
                vectors[text] = kept
                continue
            if key not in self._under_way:
                paid.append(self._want(key, text, deadline))
            waited_for[text] = self._under_way[key]
        if not await self._answered(list(waited_for.values()), deadline):
            return self._late()
        for text, wanted in waited_for.items():
            found = wanted.found.result()
            if isinstance(found, ModelFailure):
                return found
            vectors[text] = found
        return Embeddings([vectors[text] for text in texts], _usage(paid))

    async def close(self) -> None:
        """No call is under way any more."""
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls)

    def _want(self, key: bytes, text: str, deadline: float) -> _Wanted:
        """The text, gathered into a batch that is about to be sent."""
        size_bytes = len(text.encode("utf-8", "surrogatepass"))
        batch = self._gathering
        if batch is None or not batch.has_room_for(size_bytes):
            batch = self._gathering = self._new_batch()
        found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        wanted = _Wanted(key, text, size_bytes, batch, found, deadline)
        batch.wanted.append(wanted)
        batch.size_bytes += size_bytes
        self._under_way[key] = wanted
        return wanted

    def _new_batch(self) -> _Batch:
        batch = _Batch()
        batch.call = asyncio.create_task(self._send(batch))
        self._calls.add(batch.call)
        # Not in a `finally`: a task that is canceled before its first step never gets there.
        batch.call.add_done_callback(lambda _: self._end(batch))
        return batch

    async def _answered(self, wanted: list[_Wanted], deadline: float) -> bool:
        """Whether all were answered before the deadline."""
        if not wanted:
            return True
        for each in wanted:
            each.waiting += 1
            each.deadline = max(each.deadline, deadline)
        try:
            left_s = max(deadline - self._clock.monotonic(), 0.0)
            # Not `await each.found`: canceling who waits must not cancel what others wait for.
            _, late = await asyncio.wait([each.found for each in wanted], timeout=left_s)
        finally:
            for each in wanted:
                each.waiting -= 1
                self._end_unwanted(each.batch)
        return not late

    async def _send(self, batch: _Batch) -> None:
        await self._clock.sleep(GATHER_S)
        if self._gathering is batch:
            self._gathering = None
        await self._ask(batch.wanted)

    def _end_unwanted(self, batch: _Batch) -> None:
        """Ends the batch's call where nobody waits for any of its texts any more."""
        if batch.call is not None and not any(each.waiting for each in batch.wanted):
            self._forget(batch)
            batch.call.cancel()

    def _forget(self, batch: _Batch) -> None:
        """Whoever comes now is not answered by this batch."""
        if self._gathering is batch:
            self._gathering = None
        for each in batch.wanted:
            if self._under_way.get(each.key) is each:
                del self._under_way[each.key]

    def _end(self, batch: _Batch) -> None:
        """Called when the batch's call is over, whichever way."""
        if batch.call is not None:
            self._calls.discard(batch.call)
        self._forget(batch)
        for each in batch.wanted:
            if not each.found.done():  # canceled, or an error of ours, which the log has
                each.found.set_result(self._broken())

    async def _ask(self, wanted: list[_Wanted]) -> None:
        body: dict[str, JsonValue] = {
            "model": self._model,
            "input": [each.text for each in wanted],
            "encoding_format": "base64",
        }
        deadline = max(each.deadline for each in wanted)
        answer = await self._models.ask(ModelRequest("embeddings", self._model, body, deadline))
        if isinstance(answer, ModelFailure):
            if len(wanted) > 1 and answer.status in _OF_ONE_TEXT:
                await self._ask(wanted[: len(wanted) // 2])
                await self._ask(wanted[len(wanted) // 2 :])
                return
            _answer_all(wanted, answer)
            return
        read = read_embeddings(answer.body, count=len(wanted))
        if isinstance(read, ModelFailure):
            _answer_all(wanted, read)
            return
        shares = shared_out(read.usage, [each.size_bytes for each in wanted])
        for each, vector, share in zip(wanted, read.vectors, shares, strict=True):
            each.usage, each.paid_to = share, read.model or self._model
            self._cache.put(each.key, vector)
            each.found.set_result(vector)

    def _late(self) -> ModelFailure:
        message = f"No embedding of '{self._model}' came before the row's time was over."
        return ModelFailure(FailureKind.TIMEOUT, DEADLINE_EXCEEDED, message)

    def _broken(self) -> ModelFailure:
        message = f"The call for embeddings of '{self._model}' ended without an outcome."
        return ModelFailure(FailureKind.BROKEN, "connection_broken", message)


def _answer_all(wanted: list[_Wanted], failure: ModelFailure) -> None:
    for each in wanted:
        each.found.set_result(failure)


def _usage(paid: list[_Wanted]) -> dict[str, Usage]:
    """By model, what the first asker of these texts bears."""
    usage: dict[str, Usage] = {}
    for each in paid:
        usage[each.paid_to] = usage.get(each.paid_to, Usage()) + each.usage
    return usage
