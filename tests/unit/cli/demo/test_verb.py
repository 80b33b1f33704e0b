import argparse
import sys

import pytest

from evald.cli.demo.verb import add_arguments, run

KEYS = ("OPENAI_API_KEY", "EVALD_UPSTREAM_API_KEY", "EVALD_UPSTREAM_BASE_URL")


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_without_flags_a_free_port_and_a_fresh_folder_are_asked_for() -> None:
    args = parsed()

    assert vars(args) == {"exit": False, "model": [], "port": 0, "data_dir": None}


def test_models_add_up() -> None:
    assert parsed("--model", "a", "--model", "b").model == ["a", "b"]


@pytest.mark.parametrize("port", ["-1", "65536", "http", "²", ""])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parsed(f"--port={port}")

    assert end.value.code == 2
    assert "is not a port" in capsys.readouterr().err


def test_a_providers_model_without_a_provider_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)

    code = run(parsed("--model", "gpt-4.1-mini"))

    assert code == 2
    assert capsys.readouterr().err.startswith("The model 'gpt-4.1-mini' is a provider's")


def test_without_the_official_client_the_demo_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)

    code = run(parsed())

    assert code == 2
    assert "pip install 'evald[demo]'" in capsys.readouterr().err
