"""Which provider serves which model."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from evald.adapters.models.provider import Provider
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest
from evald.ports.relay import Relay
from evald.wire.model_cards import Model


class ModelLister(Protocol):
    """Whoever can ask a provider what models it has."""

    async def list_models(self) -> list[Model]:
        """The provider's models in its order; none where it cannot be asked in time."""
        ...


class SharedLimit(Protocol):
    """How many calls a provider gets at once, of which several processes take their shares."""

    @property
    def share(self) -> int:
        """How many this process may make at once."""
        ...

    def take_share(self, workers: int) -> None:
        """This process takes its part, of so many."""
        ...


@dataclass(frozen=True, slots=True)
class ServedProvider:
    """A provider, the client through which it is asked, and, where it has a list, its lister.

    The gateway reaches it through `relay`. `limit` is how many calls it gets at once.
    """

    provider: Provider
    client: ModelClient
    lister: ModelLister | None = None
    relay: Relay | None = None
    limit: SharedLimit | None = None


class RoutedModels:
    """Every provider behind one model client, one catalog, and one set of relays.

    The first provider one of whose patterns matches serves a model; where none does, the first
    without patterns.
    """

    def __init__(self, providers: Sequence[ServedProvider]) -> None:
        self._providers = tuple(providers)
        self._claims = tuple(
            (pattern, served) for served in providers for pattern in served.provider.models
        )
        self._default = next((each for each in providers if not each.provider.models), None)

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """What the provider of the model answers."""
        served = self._serving(request.model)
        if served is None:
            message = f"No provider serves the model '{request.model}'."
            return ModelFailure(FailureKind.UNSERVED, "model_not_found", message)
        return await served.client.ask(request)

    def serving(self, model: str) -> Relay | None:
        """The relay to the provider that serves this model."""
        served = self._serving(model)
        return None if served is None else served.relay

    def named(self, provider: str) -> Relay | None:
        """The relay to the provider of this name."""
        named = (each.relay for each in self._providers if each.provider.name == provider)
        return next(named, None)

    def max_concurrency(self, models: Collection[str]) -> int:
        """How many calls of these models are let through at once at most; at least 1.

        A provider that serves several of them counts once, and one that nobody serves not at all.
        """
        serving = {served for served in map(self._serving, models) if served is not None}
        return max(1, sum(map(_share, serving)))

    def take_share(self, workers: int) -> None:
        """This process takes its part of what every provider admits, of so many processes."""
        for served in self._providers:
            if served.limit is not None:
                served.limit.take_share(workers)

    async def list_models(self) -> list[Model]:
        """Every model that a provider names, of those that it would really be asked for."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_listed(served)) for served in self._providers]
        return [
            model
            for served, task in zip(self._providers, tasks, strict=True)
            for model in task.result()
            if self._serving(model.id) is served
        ]

    async def find_model(self, model_id: str) -> Model | None:
        """The model, where its provider names it; a Python provider knows whatever it claims."""
        served = self._serving(model_id)
        if served is None:
            return None
        if served.lister is None:
            return _named(model_id, served.provider)
        return next((model for model in await _listed(served) if model.id == model_id), None)

    def _serving(self, model: str) -> ServedProvider | None:
        for pattern, served in self._claims:
            if fnmatchcase(model, pattern):
                return served
        return self._default


def _share(served: ServedProvider) -> int:
    return served.provider.max_concurrency if served.limit is None else served.limit.share


async def _listed(served: ServedProvider) -> list[Model]:
    """The models that the settings name, then the others of the provider's own list.

    Of a model that stands in both, the provider knows more.
    """
    provider = served.provider
    models = {name: _named(name, provider) for name in _literals(provider.models)}
    if served.lister is not None:
        models |= {model.id: model for model in await served.lister.list_models()}
    return list(models.values())


def _literals(patterns: Iterable[str]) -> list[str]:
    return [pattern for pattern in patterns if not any(sign in pattern for sign in "*?[")]


def _named(name: str, provider: Provider) -> Model:
    return Model(id=name, created=0, owned_by=provider.name)
