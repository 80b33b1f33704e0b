"""Settings: flag before environment before default, and a sentence for whatever cannot be meant."""

from dataclasses import fields
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.settings import LOG_LEVELS, Settings, SettingsInvalid, load_settings, variable

DEFAULT_HOST = "127.0.0.1"


def refusal(environment: dict[str, str], flags: dict[str, object] | None = None) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(environment, flags or {})
    return str(refused.value)


def test_without_anything_the_defaults_hold() -> None:
    assert load_settings({}, {}) == Settings()


def test_every_setting_is_read_from_its_variable() -> None:
    texts = {
        each.name: "debug" if each.name == "log_level" else "https://evald.test"
        for each in fields(Settings)
        if isinstance(each.default, str)
    }
    texts |= {"allowed_hosts": "evald.test"}
    texts |= {
        name: get_args(kind)[-1]
        for name, kind in get_type_hints(Settings).items()
        if get_origin(kind) is Literal
    }
    numbers = {
        each.name: "0.5" if isinstance(each.default, float) else "17"
        for each in fields(Settings)
        if isinstance(each.default, int | float)
    }
    paths = {"data_dir": "some/folder", "config": "some/file.toml"}
    given_values = texts | numbers | paths

    settings = load_settings({variable(name): text for name, text in given_values.items()}, {})

    read = {each.name: str(getattr(settings, each.name)) for each in fields(Settings)}
    assert read == given_values


def test_a_flag_overrules_the_environment() -> None:
    settings = load_settings({"EVALD_PORT": "1", "EVALD_HOST": "::1"}, {"port": 2, "host": None})

    assert (settings.port, settings.host) == (2, "::1")


def test_a_flag_may_be_zero() -> None:
    assert load_settings({"EVALD_PORT": "1"}, {"port": 0}).port == 0


def test_a_threshold_may_be_below_zero() -> None:
    assert load_settings({"EVALD_MULTI_THRESHOLD": "-0.5"}, {}).multi_threshold == -0.5


def test_a_choice_that_is_none_is_refused_with_those_that_are() -> None:
    assert load_settings({"EVALD_FUZZY_MATCH": "ratio"}, {}).fuzzy_match == "ratio"
    assert refusal({"EVALD_FUZZY_PROCESSOR": "lower"}) == (
        "EVALD_FUZZY_PROCESSOR is 'lower' and must be default_process or none."
    )


def test_a_variable_that_is_empty_counts_as_not_set() -> None:
    assert load_settings({"EVALD_HOST": "", "EVALD_PORT": ""}, {}) == Settings()


def test_other_flags_and_variables_are_passed_over() -> None:
    assert load_settings({"EVALD_NONSENSE": "1", "PORT": "1"}, {"verb": "serve"}) == Settings()


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({}, ""),
        ({"OPENAI_API_KEY": "theirs"}, "theirs"),
        ({"OPENAI_API_KEY": "theirs", "EVALD_UPSTREAM_API_KEY": "ours"}, "ours"),
        ({"OPENAI_API_KEY": "theirs", "EVALD_UPSTREAM_API_KEY": ""}, "theirs"),
    ],
)
def test_the_default_provider_falls_back_on_the_usual_key(
    environment: dict[str, str], key: str
) -> None:
    assert load_settings(environment, {}).upstream_api_key == key


def test_secrets_do_not_show() -> None:
    shown = repr(Settings(api_key="sk-door", upstream_api_key="sk-upstream"))

    assert "sk-" not in shown


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("PORT", "http", "EVALD_PORT is 'http' and must be a whole number."),
        ("PORT", "80.5", "EVALD_PORT is '80.5' and must be a whole number."),
        (
            "SCORE_MODEL_THRESHOLD",
            "1.5",
            "EVALD_SCORE_MODEL_THRESHOLD is 1.5 and must be from 0 to 1, a part of the range.",
        ),
        ("PORT", "-1", "EVALD_PORT is -1 and must be at least 0."),
        ("PORT", "65536", "EVALD_PORT is 65536 and must be at most 65535."),
        ("MAX_RUNS", "0", "EVALD_MAX_RUNS is 0 and must be at least 1."),
        ("MAX_CONCURRENCY", "many", "EVALD_MAX_CONCURRENCY is 'many' and must be a whole number."),
        ("MAX_BODY_BYTES", "256MB", "EVALD_MAX_BODY_BYTES is '256MB' and must be a whole number."),
        ("ATTEMPT_TIMEOUT_S", "10m", "EVALD_ATTEMPT_TIMEOUT_S is '10m' and must be a number."),
        ("ATTEMPT_TIMEOUT_S", "0", "EVALD_ATTEMPT_TIMEOUT_S is 0.0 and must be at least 0.001."),
        ("ITEM_TIMEOUT_S", "inf", "EVALD_ITEM_TIMEOUT_S is inf and must be a finite number."),
        ("ITEM_TIMEOUT_S", "nan", "EVALD_ITEM_TIMEOUT_S is nan and must be a finite number."),
        ("RUN_TIMEOUT_H", "-1", "EVALD_RUN_TIMEOUT_H is -1.0 and must be at least 0."),
        (
            "TRACES_ENDPOINT",
            "sk-password@localhost",
            "EVALD_TRACES_ENDPOINT must be an http or https address: 'http://localhost:4318'.",
        ),
        (
            "LOG_LEVEL",
            "loud",
            "EVALD_LOG_LEVEL is 'loud' and must be debug, info, warning or error.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(name: str, text: str, sentence: str) -> None:
    assert refusal({f"EVALD_{name}": text}) == sentence


@pytest.mark.parametrize(
    "url", ["evald.test", "ftp://evald.test", "http://", "http://x?a", "http://x#a", "http://[x"]
)
def test_a_public_url_that_no_page_can_lie_under_is_refused(url: str) -> None:
    must = "must be an http or https address, without a query"

    assert refusal({"EVALD_PUBLIC_URL": url}) == f"EVALD_PUBLIC_URL is '{url}' and {must}."


@pytest.mark.parametrize("host", ["evald.test:80", "https://evald.test", "[::1]:80", "::1"])
def test_a_host_that_could_never_match_is_refused(host: str) -> None:
    must = "must name hosts without scheme and port, as in 'evald.example.com, [::1]'"

    sentence = refusal({"EVALD_ALLOWED_HOSTS": f"localhost, {host}"})

    assert sentence == f"EVALD_ALLOWED_HOSTS has '{host}' and {must}."


def test_a_flag_out_of_range_is_refused_too() -> None:
    assert refusal({}, {"port": 70_000}) == "EVALD_PORT is 70000 and must be at most 65535."


@pytest.mark.parametrize("key", ["sk-door\n", " sk-door", "sk door", "sk-ü"])
def test_a_key_that_no_header_could_bring_is_refused_and_not_shown(key: str) -> None:
    sentence = refusal({"EVALD_API_KEY": key})

    assert sentence == "EVALD_API_KEY holds a space or a character that no header may hold."


@pytest.mark.parametrize("level", [*LOG_LEVELS, "WARNING"])
def test_log_levels_go_by_their_names_in_any_case(level: str) -> None:
    assert load_settings({"EVALD_LOG_LEVEL": level}, {}).log_level == level


@pytest.mark.parametrize("url", ["http://localhost:80", "https://evald.test/base/", "http://[::1]"])
def test_a_public_url_may_have_port_and_path(url: str) -> None:
    assert load_settings({"EVALD_PUBLIC_URL": url}, {}).public_url == url


def test_hosts_may_be_several() -> None:
    hosts = "evald.test, [::1],127.0.0.1,"

    assert load_settings({"EVALD_ALLOWED_HOSTS": hosts}, {}).allowed_hosts == hosts


@given(st.sampled_from([each.name for each in fields(Settings)]), st.text())
def test_any_text_is_taken_or_refused_with_a_sentence(name: str, text: str) -> None:
    try:
        said = f"{variable(name)} is {getattr(load_settings({variable(name): text}, {}), name)}."
    except SettingsInvalid as problem:
        said = str(problem)

    assert said.startswith(variable(name))
    assert said.endswith(".")


def test_paths_are_paths() -> None:
    settings = load_settings({"EVALD_DATA_DIR": "a/b"}, {"config": Path("c.toml")})

    assert (settings.data_dir, settings.config) == (Path("a/b"), Path("c.toml"))
