"""Checks of the providers: what each is set to, and what comes of asking it."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from urllib.parse import urlsplit

from evald.adapters.http_session import open_session
from evald.adapters.models.provider import Provider
from evald.adapters.models.python_target import TargetNotLoadable, load_target
from evald.adapters.models.trial import Trial, try_listing
from evald.assembly.checkup.finding import Finding, State
from evald.assembly.providers import DEFAULT
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelFailure
from evald.settings import Settings

SKEW_NOTED_S = 10
SKEW_TOO_LARGE_S = 300


class MissingKey(str):
    """The name of a variable that should hold a key and is not set, in the key's place."""

    __slots__ = ()


class GapsNamed(Mapping[str, str]):
    """An environment in which a variable that is not set, or is empty, holds a `MissingKey`.

    So all providers are read where `evald serve` would end at the first whose key is missing.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        return self._environment.get(name) or MissingKey(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


def check_provider(provider: Provider, settings: Settings, secrets: Sequence[str]) -> Finding:
    """What the provider serves and where, or why it cannot be asked.

    The module of a Python provider is imported, as `evald serve` does; what it prints goes to
    standard error.

    Args:
        secrets: cut out of what a provider's own module says.
    """
    check = f"provider {provider.name}"
    if isinstance(provider.api_key, MissingKey):
        message = f"Names the variable {provider.api_key}, which is not set: `evald serve` refuses."
        return Finding(check, State.PROBLEM, message, f"Set {provider.api_key} to its key.")
    serves = ", ".join(provider.models) or "every model that no other claims"
    if provider.kind == "python":
        return _check_target(check, provider, settings, serves=serves, secrets=secrets)
    if is_key_missing(provider):
        message = f"{provider.address} wants a key and none is set; it is to serve {serves}."
        if provider.name == DEFAULT:
            advice = "Set OPENAI_API_KEY, or EVALD_UPSTREAM_BASE_URL to another server, to use it."
            return Finding(check, State.NOTE, message, advice)
        advice = "Name the variable that holds it as its api_key_env."
        return Finding(check, State.PROBLEM, message, advice)
    key = "with a key" if provider.api_key else "without a key"
    return Finding(check, State.OK, f"{provider.address}, {key}, serves {serves}.")


def _check_target(
    check: str, provider: Provider, settings: Settings, *, serves: str, secrets: Sequence[str]
) -> Finding:
    try:
        with redirect_stdout(sys.stderr):
            load_target(provider.target or "", settings.config.resolve().parent)
    except TargetNotLoadable as problem:
        message = str(problem)
        for secret in secrets:
            message = message.replace(secret, "***")
        advice = f"Mend the module, or its target in {settings.config}."
        return Finding(check, State.PROBLEM, message, advice)
    return Finding(check, State.OK, f"Python's {provider.target} serves {serves}.")


def is_key_missing(provider: Provider) -> bool:
    """Whether it is known without asking that the provider refuses every call."""
    is_openai = urlsplit(provider.base_url).hostname == "api.openai.com"
    return isinstance(provider.api_key, MissingKey) or (is_openai and not provider.api_key)


async def call_providers(providers: Sequence[Provider], clock: Clock) -> list[Finding]:
    """What comes of asking each for its list of models; nothing of those that cannot be asked."""
    askable = [each for each in providers if each.kind == "openai" and not is_key_missing(each)]
    async with open_session() as session, asyncio.TaskGroup() as group:
        tasks = [group.create_task(try_listing(each, session, clock)) for each in askable]
    findings: list[Finding] = []
    for provider, task in zip(askable, tasks, strict=True):
        findings += [call_finding(provider, task.result()), *skew_findings(provider, task.result())]
    return findings


def call_finding(provider: Provider, trial: Trial) -> Finding:
    """What the outcome of a call means, and what to do."""
    check = f"call {provider.name}"
    match trial.outcome:
        case int(count):
            message = f"Answered within {trial.seconds:.2f} s and lists {count} models."
            return Finding(check, State.OK, message)
        case ModelFailure(kind=FailureKind.REFUSED, status=status, message=words):
            return _refused(check, provider, status=status or 0, words=words)
        case ModelFailure(kind=FailureKind.UNREACHABLE | FailureKind.TIMEOUT, message=words):
            message = f"{provider.address} was not reached: {words}."
            advice = "Start it, or look at its address, the network and the firewall."
            return Finding(check, State.PROBLEM, message, advice)
        case ModelFailure(message=words):
            message = f"{provider.address} answered, but not as OpenAI's API does: {words}."
            return Finding(check, State.PROBLEM, message, _look_at_url(provider))


def _refused(check: str, provider: Provider, *, status: int, words: str) -> Finding:
    said = f"({status}): {words}"
    match status:
        case 401 if provider.api_key:
            message = f"{provider.address} refused the key {said}"
            return Finding(check, State.PROBLEM, message, f"Put a good key {_key_place(provider)}.")
        case 401:
            message = f"{provider.address} wants a key, and none is set {said}"
            return Finding(check, State.PROBLEM, message, f"Put its key {_key_place(provider)}.")
        case 403:
            advice = "Runs may work all the same, where the key is allowed to ask models only."
            return Finding(check, State.NOTE, f"Its list of models is forbidden {said}", advice)
        case 404 | 405:
            advice = f"Nothing, where it has none by nature; else: {_look_at_url(provider)}"
            return Finding(check, State.NOTE, f"It offers no list of models {said}", advice)
        case 429:
            advice = "Wait, or look at the account's limits and credit."
            return Finding(check, State.NOTE, f"It asks to be left alone {said}", advice)
        case _ if 300 <= status < 400:
            message = f"{provider.address} sends elsewhere {said}"
            return Finding(check, State.PROBLEM, message, _look_at_url(provider))
        case _:
            advice = "Look at its own log or status page, and try again."
            return Finding(check, State.PROBLEM, f"{provider.address} refused {said}", advice)


def _key_place(provider: Provider) -> str:
    if provider.name == DEFAULT:
        return "into EVALD_UPSTREAM_API_KEY or OPENAI_API_KEY"
    return "into the variable that its api_key_env names"


def _look_at_url(provider: Provider) -> str:
    name = "EVALD_UPSTREAM_BASE_URL" if provider.name == DEFAULT else "its base_url"
    return f"Look at {name}: /models and /chat/completions are appended to it."


def skew_findings(provider: Provider, trial: Trial) -> list[Finding]:
    """What the provider's own time says of this clock, if it tells one and they differ."""
    if trial.ahead_s is None or abs(trial.ahead_s) - trial.seconds <= SKEW_NOTED_S:
        return []
    state = State.PROBLEM if abs(trial.ahead_s) > SKEW_TOO_LARGE_S else State.NOTE
    side = "ahead of" if trial.ahead_s > 0 else "behind"
    message = f"This clock is {abs(trial.ahead_s)} s {side} that of provider '{provider.name}'."
    return [Finding("clock", state, message, "Have the clock of this machine set by NTP.")]
