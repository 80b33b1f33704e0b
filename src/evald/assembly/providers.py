"""Providers: from settings and `evald.toml` to the one model client that the engine asks."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import ErrorDetails

from evald.adapters.http1.connections import Connections
from evald.adapters.models.limited import LimitedModel
from evald.adapters.models.metered import MeteredModel
from evald.adapters.models.metered_relay import MeteredRelay
from evald.adapters.models.openai_http import OpenAiHttp
from evald.adapters.models.pace import Pace
from evald.adapters.models.paced import PacedModel
from evald.adapters.models.provider import Provider, ProviderMisconfigured
from evald.adapters.models.python_function import PythonFunctionModel
from evald.adapters.models.python_relay import PythonRelay
from evald.adapters.models.python_target import TargetNotLoadable, load_target
from evald.adapters.models.relay import HttpRelay
from evald.adapters.models.retrying import RetryingModel
from evald.adapters.models.routing import RoutedModels, ServedProvider
from evald.adapters.models.traced import TracedModel, TracedRelay
from evald.adapters.models.translating import TranslatingModel
from evald.domain.backoff import RetryPolicy
from evald.ports.clock import Clock
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.model import ModelClient
from evald.ports.relay import Relay, ResponsesSupport
from evald.ports.traces import NO_TRACES, Traces
from evald.settings import Settings


class ConfigInvalid(Exception):
    """`evald.toml` cannot be used; the message names the file, the place and what is wrong."""


DEFAULT = "default"
"""What the provider that comes from the settings is called."""

_Text = Annotated[str, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: _Text
    models: Annotated[list[_Text], Field(min_length=1)]
    max_concurrency: Annotated[int, Field(ge=1)] = 64
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    forward_store: bool = False


class _OpenAiEntry(_Entry):
    type: Literal["openai"] = "openai"
    base_url: str
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    responses: ResponsesSupport = "native"


class _PythonEntry(_Entry):
    type: Literal["python"]
    target: str
    responses: Literal["translate", "none"] = "none"


def _type_of(entry: object) -> str | None:
    """By which of the classes an entry is read, so that what is wrong is said of that one only."""
    return str(entry.get("type", "openai")) if isinstance(entry, dict) else None


_AnyEntry = Annotated[
    Annotated[_OpenAiEntry, Tag("openai")] | Annotated[_PythonEntry, Tag("python")],
    Discriminator(_type_of),
]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    providers: list[_AnyEntry] = []


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What provider clients are made with: connections, clock, settings, metrics, traces."""

    connections: Connections
    clock: Clock
    settings: Settings
    metrics: Metrics = NO_METRICS
    traces: Traces = NO_TRACES


def read_providers(settings: Settings, environment: Mapping[str, str]) -> list[Provider]:
    """The providers of the config file in its order, then the default one.

    Raises:
        ConfigInvalid: the file cannot be read, has an unknown key, or names a variable that is
            not set; or the settings of the default provider cannot be used.
    """
    named = [_provider(settings.config, each, environment) for each in _entries(settings.config)]
    return [*named, _default_provider(settings)]


def build_models(providers: list[Provider], around: Surroundings) -> RoutedModels:
    """All providers behind one client: translating around retrying, limiting, metering and asking.

    Raises:
        ConfigInvalid: a Python provider's function cannot be loaded.
    """
    return RoutedModels([_served(each, around) for each in providers])


def _served(provider: Provider, around: Surroundings) -> ServedProvider:
    settings, clock = around.settings, around.clock
    policy = RetryPolicy(attempts=settings.max_attempts)
    timeout_s = settings.attempt_timeout_s
    lister: OpenAiHttp | None = None
    client: OpenAiHttp | PythonFunctionModel
    relay: Relay
    if provider.kind == "python":
        try:
            function = load_target(provider.target or "", settings.config.resolve().parent)
        except TargetNotLoadable as problem:
            raise _invalid(settings.config, f"provider '{provider.name}': {problem}") from None
        client = PythonFunctionModel(provider, function, clock=clock, attempt_timeout_s=timeout_s)
        relay = PythonRelay(provider, client, clock=clock, attempt_timeout_s=timeout_s)
    else:
        lister = OpenAiHttp(provider, around.connections, clock=clock, attempt_timeout_s=timeout_s)
        client = lister
        relay = HttpRelay(provider, around.connections, attempt_timeout_s=timeout_s)
    metrics, name = around.metrics, provider.name
    metered: ModelClient = MeteredModel(client, clock, metrics=metrics, provider=name)
    if around.traces.is_on:
        metered = TracedModel(metered, around.traces, provider=name)
        relay = TracedRelay(relay, around.traces)
    limited = LimitedModel(metered, provider.max_concurrency, clock, policy=policy)
    paced = PacedModel(limited, clock, provider.pace)
    retrying = RetryingModel(paced, policy, clock, metrics=metrics, provider=name)
    translating = TranslatingModel(retrying, provider, clock)
    metered_relay = MeteredRelay(relay, clock, metrics)
    return ServedProvider(provider, translating, lister, metered_relay, paced)


def _entries(path: Path) -> list[_OpenAiEntry | _PythonEntry]:
    table = _table(path)
    try:
        entries = _Config.model_validate(table).providers
    except ValidationError as problem:
        raise _invalid(path, _sentence(problem, table)) from None
    names = [DEFAULT, *(entry.name for entry in entries)]
    for name in names:
        if names.count(name) > 1:
            raise _invalid(path, f"two providers are named '{name}'.")
    return entries


def _table(path: Path) -> dict[str, Any]:
    if not path.exists():
        if path.name != "evald.toml" or path.parent != Path():
            message = f"{path} does not exist."
            raise ConfigInvalid(message)
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        message = f"{path} is not TOML: {problem}."
        raise ConfigInvalid(message) from None
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}."
        raise ConfigInvalid(message) from None


def _invalid(path: Path, sentence: str) -> ConfigInvalid:
    return ConfigInvalid(f"{path}: {sentence}")


def _sentence(problem: ValidationError, table: dict[str, Any]) -> str:
    """What is wrong first. Values are shown of `type` alone, since others may be keys."""
    error = problem.errors(include_url=False)[0]
    match error["loc"]:
        case ("providers", int(index), *inner):
            entry = table["providers"][index]
            who = _who(index, entry)
            return f"{who} {_about_entry(entry, tuple(inner[1:]), error)}"
        case (str(key),) if error["type"] == "extra_forbidden":
            return f"unknown key '{key}'; the file holds a list of [[providers]]."
        case _:
            return "'providers' must be a list; each entry begins with [[providers]]."


def _who(index: int, entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"provider '{name}'" if isinstance(name, str) and name else f"provider {index + 1}"


def _about_entry(entry: object, place: tuple[int | str, ...], error: ErrorDetails) -> str:
    key = ".".join(str(step) for step in place)
    kind = _type_of(entry)
    match error["type"]:
        case "union_tag_not_found":
            return "must be a table of keys."
        case "union_tag_invalid":
            return f"has type '{kind}', which must be 'openai' or 'python'."
        case "extra_forbidden":
            return f"has the key '{key}', which is unknown for type '{kind}'."
        case "missing":
            return f"has no '{key}', which type '{kind}' needs."
        case _ if key == "api_key_env":
            return "has an 'api_key_env' that is no name of a variable; a key stands in a variable."
        case _:
            return f"has a bad '{key}': {error['msg'].replace('Input', 'it')}."


def _default_provider(settings: Settings) -> Provider:
    try:
        return Provider(
            name=DEFAULT,
            base_url=settings.upstream_base_url,
            api_key=settings.upstream_api_key or None,
            max_concurrency=settings.max_concurrency,
            pace=Pace(settings.requests_per_minute or None, settings.tokens_per_minute or None),
            forward_store=settings.upstream_forward_store == "true",
            responses=settings.upstream_responses,
        )
    except ProviderMisconfigured as problem:
        message = (
            f"{problem} It comes from EVALD_UPSTREAM_BASE_URL and EVALD_UPSTREAM_API_KEY, or "
            "OPENAI_API_KEY."
        )
        raise ConfigInvalid(message) from None


def _provider(
    path: Path, entry: _OpenAiEntry | _PythonEntry, environment: Mapping[str, str]
) -> Provider:
    try:
        if isinstance(entry, _PythonEntry):
            return Provider(
                name=entry.name,
                models=tuple(entry.models),
                max_concurrency=entry.max_concurrency,
                pace=Pace(entry.requests_per_minute, entry.tokens_per_minute),
                kind="python",
                forward_store=entry.forward_store,
                responses=entry.responses,
                target=entry.target,
            )
        return Provider(
            name=entry.name,
            base_url=entry.base_url,
            api_key=_key(path, entry, environment),
            models=tuple(entry.models),
            max_concurrency=entry.max_concurrency,
            pace=Pace(entry.requests_per_minute, entry.tokens_per_minute),
            forward_store=entry.forward_store,
            responses=entry.responses,
        )
    except ProviderMisconfigured as problem:
        raise _invalid(path, str(problem)) from None


def _key(path: Path, entry: _OpenAiEntry, environment: Mapping[str, str]) -> str | None:
    if entry.api_key_env is None:
        return None
    key = environment.get(entry.api_key_env)
    if not key:
        missing = f"provider '{entry.name}' names the variable {entry.api_key_env}"
        raise _invalid(path, f"{missing}, which is not set.")
    return key
