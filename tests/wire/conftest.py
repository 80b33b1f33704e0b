"""The servers that the wire tests ask, each a process of its own, and who asks them.

A server is started once and serves all tests, which run in any order: a test looks only at what it
has made itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.support.mock_provider import Faults, MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server
from tests.support.scripted_provider import ScriptedProvider, scripted_provider
from tests.wire.mirror import running_mirror

STATIC_KEY = "sk-static-0123456789abcdef"
SMALL_BODY = 100_000
SMALL_FILE = 200_000
SMALL_ROW = 20_000


@pytest.fixture(scope="session")
def provider() -> Iterator[MockProvider]:
    """The default provider: echoes, refuses `[refused]` and takes its time over `[slow]`."""
    faults = Faults(refuse_prompt="[refused]", slow_prompt="[slow]", slow_s=120.0)
    with running_provider(MockProvider(faults=faults)) as mock:
        yield mock


@pytest.fixture(scope="session")
def busy_provider() -> Iterator[MockProvider]:
    """The provider of `busy` models, which answers every third request with a 429."""
    faults = Faults(rate_limit_every=3, retry_after_s=0.05)
    with running_provider(MockProvider(faults=faults)) as mock:
        yield mock


@pytest.fixture(scope="session")
def unstrict_provider() -> Iterator[MockProvider]:
    """The provider of `unstrict`, whose models know JSON mode and no schemas."""
    faults = Faults(refuse_formats="json_schema")
    with running_provider(MockProvider(faults=faults)) as mock:
        yield mock


@pytest.fixture(scope="session")
def plain_provider() -> Iterator[MockProvider]:
    """The provider of `plain`, whose models know text and nothing else."""
    faults = Faults(refuse_formats="json_schema json_object")
    with running_provider(MockProvider(faults=faults)) as mock:
        yield mock


def verdict(text: str) -> str:
    """What a model grader of the reference is told."""
    result = '"friendly"' if text.startswith("Ticket") else "7"
    return f'{{"steps": [], "result": {result}}}'


@pytest.fixture(scope="session")
def grading_provider() -> Iterator[MockProvider]:
    """The provider of the model that the reference's graders ask."""
    with running_provider(MockProvider(verdict)) as mock:
        yield mock


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    provider: MockProvider,
    busy_provider: MockProvider,
    unstrict_provider: MockProvider,
    plain_provider: MockProvider,
    grading_provider: MockProvider,
) -> Iterator[RunningServer]:
    """A server as it starts by itself: on loopback, with no key."""
    folder = tmp_path_factory.mktemp("open")
    with running_mirror() as mirror_url:
        (folder / "evald.toml").write_text(
            f'[[providers]]\nname = "mirror"\nbase_url = "{mirror_url}"\nmodels = ["mirror*"]\n'
            f'[[providers]]\nname = "busy"\nbase_url = "{busy_provider.base_url}"\n'
            'models = ["busy"]\n'
            f'[[providers]]\nname = "unstrict"\nbase_url = "{unstrict_provider.base_url}"\n'
            'models = ["unstrict"]\n'
            f'[[providers]]\nname = "plain"\nbase_url = "{plain_provider.base_url}"\n'
            'models = ["plain"]\n'
            f'[[providers]]\nname = "grading"\nbase_url = "{grading_provider.base_url}"\n'
            'models = ["gpt-4.1-mini"]\n'
        )
        with running_server(folder / "data", EVALD_UPSTREAM_BASE_URL=provider.base_url) as running:
            yield running


@pytest.fixture(scope="session")
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    """The official client, pointed at the server by its base URL alone."""
    with server.client() as official:
        yield official


@pytest.fixture(scope="session")
def http(server: RunningServer) -> Iterator[httpx2.Client]:
    """Plain HTTP, for what the official client hides."""
    with plain_http(server, key="sk-anything") as plain:
        yield plain


@pytest.fixture(scope="session")
def keyed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with a static key, host names of its own, and small limits; it asks no model."""
    with running_server(
        tmp_path_factory.mktemp("keyed") / "data",
        EVALD_API_KEY=STATIC_KEY,
        EVALD_ALLOWED_HOSTS="127.0.0.1, Evald.Test",
        EVALD_PUBLIC_URL="https://evald.test/base/",
        EVALD_MAX_BODY_BYTES=str(SMALL_BODY),
        EVALD_MAX_FILE_BYTES=str(SMALL_FILE),
        EVALD_MAX_ROW_BYTES=str(SMALL_ROW),
    ) as running:
        yield running


@pytest.fixture(scope="session")
def keyed_client(keyed_server: RunningServer) -> Iterator[openai.OpenAI]:
    """The official client with the static key."""
    with keyed_server.client(api_key=STATIC_KEY) as official:
        yield official


@pytest.fixture(scope="session")
def keyed_http(keyed_server: RunningServer) -> Iterator[httpx2.Client]:
    """Plain HTTP with the static key."""
    with plain_http(keyed_server, key=STATIC_KEY) as plain:
        yield plain


@pytest.fixture(scope="session")
def responses_provider() -> Iterator[ScriptedProvider]:
    """Who answers behind `responses_server`, whichever provider that calls it."""
    with scripted_provider() as scripted:
        yield scripted


@pytest.fixture(scope="session")
def responses_server(
    tmp_path_factory: pytest.TempPathFactory, responses_provider: ScriptedProvider
) -> Iterator[RunningServer]:
    """A server with a provider of each kind, as far as Responses are concerned."""
    folder = tmp_path_factory.mktemp("responses")
    write_providers_of_responses(folder, responses_provider.base_url)
    with running_server(
        folder / "data", EVALD_UPSTREAM_BASE_URL=responses_provider.base_url
    ) as running:
        yield running


@pytest.fixture(scope="session")
def gateway(responses_server: RunningServer) -> Iterator[openai.OpenAI]:
    """The official client of `responses_server`; it asks once."""
    with responses_server.client(max_retries=0) as official:
        yield official


@pytest.fixture(scope="session")
def plain(responses_server: RunningServer) -> Iterator[httpx2.Client]:
    """Plain HTTP to `responses_server`."""
    with plain_http(responses_server, key="sk-any") as client:
        yield client


def write_providers_of_responses(folder: Path, base_url: str) -> None:
    """An evald.toml: `native`, `storing`, `other`, `chat` and `deaf` models, and `python` ones."""
    kinds = {
        "native": "",
        "storing": "forward_store = true",
        "other": "forward_store = true",
        "chat": 'responses = "translate"',
        "deaf": 'responses = "none"',
    }
    entries = "".join(
        f'[[providers]]\nname = "{name}"\nbase_url = "{base_url}"\nmodels = ["{name}*"]\n{more}\n'
        for name, more in kinds.items()
    )
    python = (
        '[[providers]]\nname = "python"\ntype = "python"\nmodels = ["python*"]\n'
        'target = "own_models:answer"\nresponses = "translate"\n'
    )
    (folder / "evald.toml").write_text(entries + python)
    (folder / "own_models.py").write_text(
        'def answer(body):\n    return "Said: " + body["messages"][-1]["content"]\n'
    )


def plain_http(server: RunningServer, *, key: str) -> httpx2.Client:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=server.url, headers=headers, timeout=30)


def error_of(answer: httpx2.Response) -> Any:
    """What an error says, after a look at its envelope: all four keys, and nothing besides."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    assert list(body["error"]) == ["message", "type", "param", "code"]
    assert body["error"]["type"] == "invalid_request_error"
    return body["error"]
