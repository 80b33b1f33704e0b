import socket
import tomllib
from pathlib import Path

import pytest

from evald.cli.demo.classifiers import CANDIDATES
from evald.cli.demo.server import CONFIG, PROVIDERS, NotToBeHad, environment, serving


def test_settings_of_other_servers_are_left_behind_and_the_provider_is_kept() -> None:
    given = {
        "PATH": "/bin",
        "OPENAI_API_KEY": "sk-1",
        "EVALD_API_KEY": "k",
        "EVALD_PUBLIC_URL": "https://evals.example",
        "EVALD_UPSTREAM_BASE_URL": "http://127.0.0.1:1/v1",
    }

    kept = environment(given)

    assert set(kept) == {"PATH", "OPENAI_API_KEY", "EVALD_UPSTREAM_BASE_URL"}


def test_each_candidate_has_a_provider_of_its_own() -> None:
    providers = tomllib.loads(PROVIDERS)["providers"]

    assert [provider["models"] for provider in providers] == [[name] for name in CANDIDATES]


def test_a_folder_with_other_settings_is_refused_and_left_alone(tmp_path: Path) -> None:
    config = tmp_path / CONFIG
    config.write_text("# mine\n")

    with pytest.raises(NotToBeHad, match=r"evald\.toml is not the demo's"), serving(tmp_path, 0):
        pass

    assert config.read_text() == "# mine\n"


def test_a_port_in_use_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(NotToBeHad, match=f"Port {port}"), serving(folder, port):
            pass

    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(NotToBeHad, match="cannot be written"), serving(file, 0):
        pass
