"""How often the chaos tests kill, and by which seed."""

import random

import pytest

CI_KILLS = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--chaos-kills` and `--chaos-seed`; pytest knows them where this folder is named to it."""
    group = parser.getgroup("chaos")
    group.addoption("--chaos-kills", type=int, default=CI_KILLS, help="kills of each test")
    group.addoption("--chaos-seed", type=int, default=None, help="what decides their moments")


@pytest.fixture
def kills(pytestconfig: pytest.Config) -> int:
    """How many kills there are."""
    return int(pytestconfig.getoption("--chaos-kills", CI_KILLS))


@pytest.fixture
def chance(pytestconfig: pytest.Config) -> random.Random:
    """What decides when and whom to kill; its seed is printed, to repeat a failure by."""
    given = pytestconfig.getoption("--chaos-seed", None)
    seed = random.SystemRandom().randrange(2**32) if given is None else int(given)
    print(f"\nchaos seed {seed}")
    return random.Random(seed)
