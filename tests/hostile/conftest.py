"""The servers that are treated badly, and who does it. A test looks only at what it made itself."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.mock_provider import Faults, MockProvider
from tests.support.postgresql import new_database
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

KEY = "sk-hostile-0123456789abcdef"


@pytest.fixture(scope="session")
def provider() -> Iterator[MockProvider]:
    """A model that says back what it hears, and takes its time over `[slow]`."""
    with running_provider(MockProvider(faults=Faults(slow_prompt="[slow]", slow_s=120.0))) as mock:
        yield mock


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, provider: MockProvider
) -> Iterator[RunningServer]:
    """A server with a key, its data in SQLite."""
    with running_server(
        tmp_path_factory.mktemp("hostile") / "data",
        EVALD_API_KEY=KEY,
        EVALD_UPSTREAM_BASE_URL=provider.base_url,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def server_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, provider: MockProvider
) -> Iterator[RunningServer]:
    """A server with the same key, its data in PostgreSQL."""
    with running_server(
        tmp_path_factory.mktemp("hostile") / "data",
        EVALD_API_KEY=KEY,
        EVALD_DATABASE_URL=new_database(),
        EVALD_UPSTREAM_BASE_URL=provider.base_url,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def http(server: RunningServer) -> Iterator[httpx2.Client]:
    """Plain HTTP with the key; whoever waits for five seconds has waited too long."""
    with client_of(server) as plain:
        yield plain


@pytest.fixture(scope="session", params=["server", "server_on_postgresql"])
def http_of_each(request: pytest.FixtureRequest) -> Iterator[httpx2.Client]:
    """As `http`, of a server on either database."""
    with client_of(request.getfixturevalue(request.param)) as plain:
        yield plain


def client_of(server: RunningServer) -> httpx2.Client:
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx2.Client(base_url=server.url, headers=headers, timeout=5)
