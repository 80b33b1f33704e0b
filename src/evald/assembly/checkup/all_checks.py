"""The checkup: all checks in their order."""

import asyncio
from collections.abc import Mapping
from dataclasses import fields

from evald.adapters.clock import SystemClock
from evald.adapters.models.provider import Provider
from evald.adapters.sandbox.abilities import find_abilities
from evald.assembly.checkup.door import check_address, check_keys, check_port
from evald.assembly.checkup.finding import Finding, State
from evald.assembly.checkup.folder import (
    check_folder,
    check_integrity,
    check_schema,
    check_space,
    is_served,
)
from evald.assembly.checkup.grader_packages import check_grader_packages
from evald.assembly.checkup.machine import check_clock, check_sandbox, check_versions
from evald.assembly.checkup.providers import GapsNamed, MissingKey, call_providers, check_provider
from evald.assembly.checkup.shared_database import check_shared_database
from evald.assembly.data_folder import DATABASE, DURABLE_DATABASE
from evald.assembly.grader_environment import grader_environment
from evald.assembly.providers import ConfigInvalid, read_providers
from evald.assembly.sandbox import sandbox_refusal
from evald.settings import Settings, variable


def check_up(
    settings: Settings, environment: Mapping[str, str], *, with_calls: bool
) -> list[Finding]:
    """Every finding; nothing is made, migrated or changed, and a running server is not disturbed.

    Args:
        with_calls: each provider that speaks HTTP is asked once for its models.
    """
    clock = SystemClock()
    found = [check_variables(environment), check_versions(), check_clock(clock)]
    found += _folder_findings(settings)
    found += [
        check_keys(settings, settings.data_dir / DATABASE),
        check_address(settings),
        check_port(settings, is_served=is_served(settings.data_dir)),
        check_sandbox(settings, find_abilities(), asyncio.run(sandbox_refusal(settings))),
        check_grader_packages(grader_environment(settings.data_dir)),
    ]
    try:
        providers = read_providers(settings, GapsNamed(environment))
    except (ConfigInvalid, OSError) as problem:
        advice = "Mend it: `evald serve` refuses."
        return [*found, Finding("config", State.PROBLEM, str(problem), advice)]
    found.append(_config_finding(settings, providers))
    secrets = secrets_of(settings, providers)
    found += [check_provider(each, settings, secrets) for each in providers]
    if with_calls:
        found += asyncio.run(call_providers(providers, clock))
    return found


def check_variables(environment: Mapping[str, str]) -> Finding:
    """Which settings stand in the environment, and which variables only look as if."""
    known = {variable(each.name) for each in fields(Settings)}
    ours = sorted(name for name in environment if name.startswith(variable("")))
    used = ", ".join(name for name in ours if name in known) or "none"
    message = f"They can be used; of the environment: {used}."
    if strange := ", ".join(name for name in ours if name not in known):
        advice = "Look for a slip in the name; nobody reads it."
        return Finding("settings", State.NOTE, f"{message} No setting: {strange}.", advice)
    return Finding("settings", State.OK, message)


def secrets_of(settings: Settings, providers: list[Provider]) -> list[str]:
    """Every key that is known here, longest first, so that none is cut out of another."""
    of_providers = [each.api_key for each in providers if not isinstance(each.api_key, MissingKey)]
    keys = {settings.api_key, settings.upstream_api_key, *of_providers}
    return sorted((key for key in keys if key), key=len, reverse=True)


def _folder_findings(settings: Settings) -> list[Finding]:
    folder = settings.data_dir
    if settings.database_url:
        shared = check_shared_database(settings.database_url)
        return [check_folder(folder), check_space(folder), shared]
    whole = [check_integrity(folder / name) for name in (DATABASE, DURABLE_DATABASE)]
    return [
        check_folder(folder),
        check_space(folder),
        check_schema(folder / DATABASE),
        *(each for each in whole if each is not None),
    ]


def _config_finding(settings: Settings, providers: list[Provider]) -> Finding:
    if not settings.config.exists():
        message = f"{settings.config} is not there: the default provider serves every model."
        return Finding("config", State.OK, message)
    message = f"{settings.config} can be used; providers in it: {len(providers) - 1}."
    return Finding("config", State.OK, message)
