"""The clients' scripts, run each by its own environment against one server, two at a time."""

import os
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.clients.environments import Client, why_not

SCRIPTS = Path(__file__).parent / "scripts"
AT_ONCE = 2
WITHIN_S = 240.0
KEY = "sk-the-key-of-the-tests"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client is pointed: base URL and key, and the proxy that refuses first."""

    base_url: str
    flaky_url: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a client: what it was told, or why it was not run."""

    why_not: str = ""
    seconds: float = 0.0
    said: str = ""  # what its script printed
    fault: str = ""  # how its script failed


def driven(wanted: Iterable[Client], place: Place) -> dict[str, Outcome]:
    """The outcome of each client by its name."""
    chosen = list(wanted)[::-1]  # the last of pins.toml take longest
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = pool.map(lambda client: _driven(client, place), chosen)
        return {client.name: outcome for client, outcome in zip(chosen, outcomes, strict=True)}


def script(client: Client) -> Path:
    """What drives this client."""
    if client.package == "openai":
        return SCRIPTS / ("openai_node.cjs" if client.npm else "openai_python.py")
    others = {
        "azure-ai-evaluation": "azure_ai_evaluation.py",
        "litellm": "litellm_evals.py",
        "curl": "evals.sh",
    }
    return SCRIPTS / others[client.package]


def _driven(client: Client, place: Place) -> Outcome:
    reason = why_not(client)
    if reason:
        return Outcome(why_not=reason)
    folder = place.folder / client.name
    folder.mkdir()
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "OPENAI_BASE_URL": place.base_url,
        "OPENAI_API_KEY": KEY,
        **client.environment,
    }
    command = [client.program, str(script(client)), place.flaky_url]
    started = time.monotonic()
    said, fault = _run(command, environment, folder)
    return Outcome(seconds=time.monotonic() - started, said=said, fault=fault)


def _run(command: list[str], environment: dict[str, str], folder: Path) -> tuple[str, str]:
    """What the command printed, and how it failed; no more than its last words of either."""
    try:
        ended = subprocess.run(
            command,
            check=False,
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
    except subprocess.TimeoutExpired as late:
        return "", f"{late}; it had said: {late.stderr!r}"
    fault = ended.stderr[-4_000:] or f"it ended with {ended.returncode}"
    return ended.stdout, fault if ended.returncode else ""
