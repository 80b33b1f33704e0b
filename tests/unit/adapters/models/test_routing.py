import asyncio
from dataclasses import dataclass

import pytest

from evald.adapters.models.provider import Provider
from evald.adapters.models.routing import RoutedModels, ServedProvider
from evald.adapters.models.scripted import ScriptedModel
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from evald.wire.model_cards import Model
from tests.support.virtual_time import LoopClock, run_in_virtual_time


@dataclass(frozen=True)
class List:
    """What a provider says it has, after a second. Fulfils `ModelLister`."""

    models: tuple[str, ...]

    async def list_models(self) -> list[Model]:
        await asyncio.sleep(1.0)
        return [Model(id=name, created=7, owned_by="them") for name in self.models]


def served(
    name: str, *patterns: str, upstream: tuple[str, ...] | None = None, max_concurrency: int = 64
) -> ServedProvider:
    provider = Provider(
        name=name, base_url="http://toy/v1", models=patterns, max_concurrency=max_concurrency
    )
    client = ScriptedModel(lambda _: ModelAnswer({"by": name}, 0.0), LoopClock())
    return ServedProvider(provider, client, List(upstream) if upstream is not None else None)


DEFAULT = served("default", upstream=("gpt-x", "llama-9", "my-model", "demo-a"))
LLAMAS = served("llamas", "llama-*", "my-model", upstream=("llama-8", "llama-9", "gpt-x"))
OURS = served("ours", "demo-[ab]", "demo-c", max_concurrency=2)
ROUTES = RoutedModels([DEFAULT, LLAMAS, OURS, served("never", "llama-*", "Demo-*")])


def who_answers(routes: RoutedModels, model: str) -> object:
    async def ask() -> ModelAnswer | ModelFailure:
        return await routes.ask(ModelRequest("chat_completions", model, {}, 10.0))

    outcome = run_in_virtual_time(ask())
    return outcome.body["by"] if isinstance(outcome, ModelAnswer) else outcome


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("llama-8", "llamas"),
        ("llama-", "llamas"),
        ("my-model", "llamas"),
        ("my-model-2", "default"),
        ("demo-a", "ours"),
        ("demo-d", "default"),
        ("Demo-a", "never"),  # patterns tell capitals from small letters
        ("Llama-8", "default"),
        ("", "default"),
    ],
)
def test_the_first_provider_that_claims_a_model_serves_it(model: str, provider: str) -> None:
    assert who_answers(ROUTES, model) == provider


def test_what_nobody_serves_is_unserved() -> None:
    assert who_answers(RoutedModels([OURS]), "gpt-x") == ModelFailure(
        FailureKind.UNSERVED, "model_not_found", "No provider serves the model 'gpt-x'."
    )


@pytest.mark.parametrize(
    ("models", "most"),
    [
        (["demo-a"], 2),
        (["gpt-x"], 64),
        (["demo-a", "demo-b", "demo-c"], 2),
        (["demo-a", "gpt-x", "gpt-y"], 66),
    ],
)
def test_the_concurrency_of_models_is_that_of_their_providers(models: list[str], most: int) -> None:
    assert ROUTES.max_concurrency(models) == most


@pytest.mark.parametrize(("models", "most"), [(["gpt-x"], 1), (["gpt-x", "demo-a"], 2)])
def test_what_nobody_serves_may_be_tried_one_at_a_time(models: list[str], most: int) -> None:
    assert RoutedModels([OURS]).max_concurrency(models) == most


def test_the_list_holds_each_model_once_at_the_provider_that_serves_it() -> None:
    async def ask() -> tuple[list[Model], float]:
        return await ROUTES.list_models(), asyncio.get_running_loop().time()

    models, at = run_in_virtual_time(ask())

    assert [(model.id, model.owned_by, model.created) for model in models] == [
        ("gpt-x", "them", 7),
        ("my-model", "llamas", 0),  # named by the settings alone
        ("llama-8", "them", 7),
        ("llama-9", "them", 7),
        ("demo-c", "ours", 0),
    ]
    assert at == 1.0  # all providers are asked at once


@pytest.mark.parametrize(
    ("model", "owner"),
    [
        ("gpt-x", "them"),
        ("my-model", "llamas"),
        ("llama-8", "them"),
        ("llama-7", None),  # claimed, but the provider does not have it
        ("gpt-y", None),
        ("demo-b", "ours"),  # without a list, a provider knows whatever it claims
    ],
)
def test_a_model_is_found_where_its_provider_names_it(model: str, owner: str | None) -> None:
    found = run_in_virtual_time(ROUTES.find_model(model))

    assert (found.owned_by if found else None) == owner
    assert found is None or found.id == model


def test_what_nobody_serves_is_not_found() -> None:
    assert run_in_virtual_time(RoutedModels([OURS]).find_model("gpt-x")) is None
