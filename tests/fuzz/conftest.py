"""The campaign that all tests of this folder belong to: one server, one seed, one table."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fuzz.campaign import Campaign
from tests.support.mock_provider import MockProvider
from tests.support.raw_client import Connection
from tests.support.running_provider import running_provider
from tests.support.running_server import running_server

_FOLDER = Path(__file__).parent
KEY = "sk-fuzz-0123456789abcdef"
_SEED = pytest.StashKey[int]()
_FIGURES = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz-examples", type=int, default=200, help="requests to each route")
    group.addoption("--fuzz-seed", type=seed, default=1, help="a number, or `new` for another")


def seed(said: str) -> int:
    """The seed that an option says; pytest names the option where it is no number."""
    return secrets.randbelow(2**32) if said == "new" else int(said)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What makes things comes before what names them, and deletions come last of their module."""
    here = [at for at, item in enumerate(items) if item.path.parent == _FOLDER]
    ordered = sorted([items[at] for at in here], key=_place)
    for at, item in zip(here, ordered, strict=True):
        items[at] = item


def _place(item: pytest.Item) -> tuple[str, int]:
    parameters = getattr(item, "callspec", None)
    return item.path.name, next(iter(parameters.indices.values()), 0) if parameters else 0


@pytest.fixture(scope="session")
def examples(pytestconfig: pytest.Config) -> int:
    """How many requests each route gets, at least."""
    return int(pytestconfig.getoption("--fuzz-examples", 200))


@pytest.fixture(scope="session")
def fuzz_seed(pytestconfig: pytest.Config) -> int:
    """What the same requests can be had by again: a gate asks the same ones each time."""
    pytestconfig.stash[_SEED] = int(pytestconfig.getoption("--fuzz-seed", 1))
    return pytestconfig.stash[_SEED]


@pytest.fixture(scope="session")
def campaign(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Campaign]:
    """A campaign against a server that asks a model which says back what it hears.

    The model `translated` has no Responses of its own.
    """
    folder = tmp_path_factory.mktemp("fuzz")
    with (
        running_provider(MockProvider()) as mock,
        running_server(
            _with_providers(folder, mock.base_url) / "data",
            EVALD_UPSTREAM_BASE_URL=mock.base_url,
            EVALD_API_KEY=KEY,
            EVALD_MAX_ATTEMPTS="1",
        ) as server,
    ):
        document = httpx2.get(f"{server.url}/openapi.json").json()
        connection = Connection(server.port, [("authorization", f"Bearer {KEY}".encode())])
        campaign = Campaign(connection, document)
        yield campaign
        connection.close()
        pytestconfig.stash[_FIGURES] = campaign.figures()
        assert "request_crashed" not in server.log.read_text()


def _with_providers(folder: Path, base_url: str) -> Path:
    """The folder, in which there is an evald.toml now."""
    (folder / "evald.toml").write_text(
        f'[[providers]]\nname = "translating"\nbase_url = "{base_url}"\n'
        'models = ["translated"]\nresponses = "translate"\n'
    )
    return folder


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _FIGURES in config.stash:
        terminalreporter.section(f"fuzz, seed {config.stash[_SEED]}")
        terminalreporter.write_line(config.stash[_FIGURES])
