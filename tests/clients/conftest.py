"""One server for all clients, and what each of them was told by it."""

import pytest

from tests.clients.driving import KEY, Outcome, Place, driven
from tests.clients.environments import clients
from tests.support.flaky_proxy import flaky_proxy
from tests.support.mock_provider import Faults, MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import running_server

SECONDS = pytest.StashKey[dict[str, float]]()


def answer(text: str) -> str:
    """What the model says: a verdict where a grader asks, else its prompt."""
    if text.startswith("Label:"):
        return '{"steps": [], "result": "good"}'
    return '{"steps": [], "result": 1.0}' if text.startswith("Score:") else text


@pytest.fixture(scope="session")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """The outcome of each client that a chosen test asks for; all have ended before any test."""
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    wanted = {call.params["told"] for call in calls if "told" in call.params}
    folder = tmp_path_factory.mktemp("clients")
    mock = MockProvider(answer, faults=Faults(slow_prompt="[slow]", slow_s=120.0))
    with (
        running_provider(mock),
        running_server(
            folder / "data", EVALD_UPSTREAM_BASE_URL=mock.base_url, EVALD_API_KEY=KEY
        ) as server,
        flaky_proxy(server.port) as proxy,
    ):
        place = Place(f"{server.url}/v1", proxy.url, folder)
        chosen = [client for name, client in clients().items() if name in wanted]
        found = driven(chosen, place)
    request.config.stash[SECONDS] = {name: each.seconds for name, each in found.items()}
    return found


@pytest.fixture
def told(request: pytest.FixtureRequest, outcomes: dict[str, Outcome]) -> str:
    """What the client's script printed; where the client cannot be had, the test is skipped."""
    outcome = outcomes[request.param]
    if outcome.why_not:
        pytest.skip(outcome.why_not)
    assert not outcome.fault, f"the script of {request.param} failed:\n{outcome.fault}"
    return outcome.said


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Says how long each client took."""
    seconds = config.stash.get(SECONDS, {})
    if seconds:
        each = ", ".join(f"{name} {took:.1f} s" for name, took in seconds.items())
        terminalreporter.write_line(f"clients: {each}")
