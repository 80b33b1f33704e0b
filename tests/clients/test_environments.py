"""What becomes of a client that cannot be had: its tests are skipped, and say why."""

from pathlib import Path

import pytest

from tests.clients.environments import Client, build, why_not


def test_an_environment_that_is_not_built_says_what_builds_it(tmp_path: Path) -> None:
    client = Client("some-client", "some", pip=("some==1.0",), cache=tmp_path)

    assert why_not(client) == (
        "The environment of some-client is not built: `make clients` builds it."
    )


@pytest.mark.slow
def test_a_client_that_cannot_be_installed_keeps_the_installers_reason(tmp_path: Path) -> None:
    client = Client("some-client", "some", pip=("./nowhere-1.0-py3-none-any.whl",), cache=tmp_path)

    said = build(client)

    assert said.startswith("some-client: its tests will be skipped. ")
    assert "nowhere-1.0" in why_not(client)
    assert said.endswith(why_not(client))


def test_a_program_that_the_machine_lacks_is_named(tmp_path: Path) -> None:
    client = Client("some-client", "no-such-program", cache=tmp_path)

    assert why_not(client) == "There is no no-such-program on this machine."
