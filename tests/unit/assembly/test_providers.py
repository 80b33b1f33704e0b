"""Providers from evald.toml: what is taken, and a sentence for each way to get it wrong."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.http1.connections import open_connections
from evald.adapters.models.pace import Pace
from evald.adapters.models.provider import Provider
from evald.assembly.providers import ConfigInvalid, Surroundings, build_models, read_providers
from evald.ports.model import ModelAnswer, ModelRequest
from evald.settings import Settings
from tests.support.kept_runs import StillClock

DEFAULT = Provider(name="default", base_url="https://api.openai.com/v1")
VLLM = 'name = "vllm"\nbase_url = "http://localhost:8000/v1"\nmodels = ["llama-*"]\n'
RULES = 'name = "rules"\ntype = "python"\ntarget = "rules:answer"\nmodels = ["rules"]\n'
NONE: Mapping[str, str] = {}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "evald.toml"


def written(config: Path, *entries: str) -> Settings:
    """Settings whose config file has these entries."""
    config.write_text("".join(f"[[providers]]\n{entry}" for entry in entries), encoding="utf-8")
    return Settings(config=config)


def refusal(settings: Settings, environment: Mapping[str, str] = NONE) -> str:
    """The sentence, without the name of the file that it begins with."""
    with pytest.raises(ConfigInvalid) as refused:
        read_providers(settings, environment)
    name, _, sentence = str(refused.value).partition(": ")
    assert name == str(settings.config)
    return sentence


def test_the_file_of_the_default_name_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert read_providers(Settings(), NONE) == [DEFAULT]


def test_any_other_file_must_be_there(config: Path) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        read_providers(Settings(config=config), NONE)

    assert str(refused.value) == f"{config} does not exist."


@pytest.mark.parametrize("text", ["", "\ufeff", "# nothing yet\n", "providers = []\n"])
def test_a_file_may_name_no_provider(config: Path, text: str) -> None:
    config.write_text(text, encoding="utf-8")

    assert read_providers(Settings(config=config), NONE) == [DEFAULT]


def test_a_provider_may_have_a_pace(config: Path) -> None:
    entry = VLLM + "requests_per_minute = 600\ntokens_per_minute = 90000\n"
    settings = replace(written(config, entry, RULES), requests_per_minute=60)

    paces = [each.pace for each in read_providers(settings, NONE)]

    assert paces == [Pace(600, 90_000), Pace(), Pace(60, None)]


def test_providers_come_in_the_order_of_the_file_and_the_default_last(config: Path) -> None:
    entry = VLLM + 'type = "openai"\napi_key_env = "VLLM_KEY"\nmax_concurrency = 8\n'

    providers = read_providers(written(config, RULES, entry), {"VLLM_KEY": "secret"})

    rules = Provider(
        name="rules", kind="python", target="rules:answer", models=("rules",), responses="none"
    )
    vllm = Provider(
        name="vllm",
        base_url="http://localhost:8000/v1",
        api_key="secret",
        models=("llama-*",),
        max_concurrency=8,
    )
    assert providers == [rules, vllm, DEFAULT]


def test_the_default_provider_is_what_the_settings_say(config: Path) -> None:
    settings = Settings(
        upstream_base_url="http://localhost:1/v1", upstream_api_key="key", max_concurrency=3
    )

    assert read_providers(settings, NONE) == [
        Provider(name="default", base_url="http://localhost:1/v1", api_key="key", max_concurrency=3)
    ]


def test_how_a_provider_stores_and_serves_responses_can_be_said(config: Path) -> None:
    entry = VLLM + 'forward_store = true\nresponses = "translate"\n'
    settings = written(config, entry)

    vllm, default = read_providers(
        replace(settings, upstream_forward_store="true", upstream_responses="none"), NONE
    )

    assert (vllm.forward_store, vllm.responses) == (True, "translate")
    assert (default.forward_store, default.responses) == (True, "none")


def test_a_provider_without_api_key_env_has_no_key(config: Path) -> None:
    settings = written(config, VLLM)

    assert read_providers(settings, {"OPENAI_API_KEY": "another's"})[0].api_key is None


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            VLLM + 'api_key = "sk-x"\n',
            "provider 'vllm' has the key 'api_key', which is unknown for type 'openai'.",
        ),
        (
            VLLM + 'target = "a:b"\n',
            "provider 'vllm' has the key 'target', which is unknown for type 'openai'.",
        ),
        (
            RULES + 'base_url = "http://x"\n',
            "provider 'rules' has the key 'base_url', which is unknown for type 'python'.",
        ),
        (
            VLLM + 'type = "azure"\n',
            "provider 'vllm' has type 'azure', which must be 'openai' or 'python'.",
        ),
        (
            VLLM + "type = 3\n",
            "provider 'vllm' has type '3', which must be 'openai' or 'python'.",
        ),
        ("", "provider 1 has no 'name', which type 'openai' needs."),
        ('name = "x"\n', "provider 'x' has no 'models', which type 'openai' needs."),
        (
            'name = "x"\nmodels = ["m"]\n',
            "provider 'x' has no 'base_url', which type 'openai' needs.",
        ),
        (
            'name = "x"\ntype = "python"\nmodels = ["m"]\n',
            "provider 'x' has no 'target', which type 'python' needs.",
        ),
        (
            VLLM.replace('"vllm"', '""'),
            "provider 1 has a bad 'name': String should have at least 1 character.",
        ),
        (
            VLLM.replace('["llama-*"]', '"llama-*"'),
            "provider 'vllm' has a bad 'models': it should be a valid list.",
        ),
        (
            VLLM.replace('["llama-*"]', "[]"),
            (
                "provider 'vllm' has a bad 'models': "
                "List should have at least 1 item after validation, not 0."
            ),
        ),
        (
            VLLM.replace('["llama-*"]', '["a", ""]'),
            "provider 'vllm' has a bad 'models.1': String should have at least 1 character.",
        ),
        (
            VLLM + "max_concurrency = 0\n",
            "provider 'vllm' has a bad 'max_concurrency': it should be greater than or equal to 1.",
        ),
        (
            VLLM + 'max_concurrency = "64"\n',
            "provider 'vllm' has a bad 'max_concurrency': it should be a valid integer.",
        ),
        (
            VLLM.replace("http://", ""),
            (
                "Provider 'vllm' has base_url 'localhost://'; "
                "an http or https address with a host is needed."
            ),
        ),
        (
            RULES.replace('"rules:answer"', '""'),
            "Provider 'rules' is of type python and has no target; 'module:function' is needed.",
        ),
        (
            VLLM + 'api_key_env = "VLLM_KEY"\n',
            "provider 'vllm' names the variable VLLM_KEY, which is not set.",
        ),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_by_name(
    config: Path, entry: str, sentence: str
) -> None:
    assert refusal(written(config, entry)) == sentence


def test_an_entry_without_a_name_goes_by_its_number(config: Path) -> None:
    sentence = refusal(written(config, VLLM, "models = []\n"))

    assert sentence.startswith("provider 2 has no 'name'")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("provider = []\n", "unknown key 'provider'; the file holds a list of [[providers]]."),
        (
            f"[providers]\n{VLLM}",
            "'providers' must be a list; each entry begins with [[providers]].",
        ),
        ('providers = "x"\n', "'providers' must be a list; each entry begins with [[providers]]."),
        ('providers = ["x"]\n', "provider 1 must be a table of keys."),
    ],
)
def test_what_is_wrong_with_the_file_is_said(config: Path, text: str, sentence: str) -> None:
    config.write_text(text, encoding="utf-8")

    assert refusal(Settings(config=config)) == sentence


@pytest.mark.parametrize("names", [("vllm", "vllm"), ("default",)])
def test_no_two_providers_have_one_name(config: Path, names: tuple[str, ...]) -> None:
    settings = written(config, *(VLLM.replace("vllm", name) for name in names))

    assert refusal(settings) == f"two providers are named '{names[0]}'."


@pytest.mark.parametrize("content", [b"[[providers]\n", b"\xff"])
def test_a_file_that_is_not_toml_is_refused(config: Path, content: bytes) -> None:
    config.write_bytes(content)

    with pytest.raises(ConfigInvalid) as refused:
        read_providers(Settings(config=config), NONE)

    assert str(refused.value).startswith(f"{config} is not TOML: ")


def test_a_folder_in_the_place_of_the_file_is_refused(config: Path) -> None:
    config.mkdir()

    with pytest.raises(ConfigInvalid) as refused:
        read_providers(Settings(config=config), NONE)

    assert str(refused.value) == f"{config} cannot be read: Is a directory."


def test_a_variable_that_is_empty_holds_no_key(config: Path) -> None:
    settings = written(config, VLLM + 'api_key_env = "VLLM_KEY"\n')

    assert "VLLM_KEY, which is not set" in refusal(settings, {"VLLM_KEY": ""})


def test_a_key_in_the_place_of_its_variable_is_refused_and_not_shown(config: Path) -> None:
    sentence = refusal(written(config, VLLM + 'api_key_env = "sk-proj-secret"\n'))

    assert sentence == (
        "provider 'vllm' has an 'api_key_env' that is no name of a variable; "
        "a key stands in a variable."
    )


def test_a_key_that_no_header_may_hold_is_refused_and_not_shown(config: Path) -> None:
    settings = written(config, VLLM + 'api_key_env = "VLLM_KEY"\n')

    sentence = refusal(settings, {"VLLM_KEY": "secret\n"})

    assert sentence.startswith("The API key of provider 'vllm' holds a character")
    assert "secret" not in sentence


@pytest.mark.parametrize(
    "settings",
    [Settings(upstream_base_url="api.openai.com"), Settings(upstream_api_key="a\nb")],
    ids=["address", "key"],
)
def test_a_bad_default_provider_is_told_by_its_settings(settings: Settings) -> None:
    with pytest.raises(ConfigInvalid, match=r"rovider 'default'.* EVALD_UPSTREAM_BASE_URL"):
        read_providers(settings, NONE)


@given(
    st.dictionaries(
        st.sampled_from(["name", "type", "models", "target", "base_url", "max_concurrency", "x"]),
        st.sampled_from(['""', '"x"', '"python"', "1", "-1", "[]", '["x"]', "{}", "1.5", "true"]),
    )
)
def test_any_entry_is_taken_or_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, entry: dict[str, str]
) -> None:
    config = tmp_path_factory.mktemp("config") / "evald.toml"
    settings = written(config, "".join(f"{key} = {value}\n" for key, value in entry.items()))

    try:
        said = f"{len(read_providers(settings, NONE))} providers."
    except ConfigInvalid as problem:
        said = str(problem)

    assert said.endswith(".")


async def test_a_function_beside_the_file_answers_for_its_models(config: Path) -> None:
    module = config.with_name("rules_beside_the_file.py")
    module.write_text("def answer(body):\n    return body['model'].upper()\n", encoding="utf-8")
    entry = RULES.replace("rules:answer", "rules_beside_the_file:answer")
    settings = written(config, entry)
    request = ModelRequest("chat_completions", "rules", {"model": "rules"}, deadline=float("inf"))

    async with open_connections() as connections:
        around = Surroundings(connections, StillClock(), settings)
        models = build_models(read_providers(settings, NONE), around)
        answer = await models.ask(request)

    assert isinstance(answer, ModelAnswer)
    assert "'content': 'RULES'" in str(answer.body)


async def test_a_function_that_is_not_there_is_told_with_file_and_provider(config: Path) -> None:
    settings = written(config, RULES.replace("rules:answer", "no_such_module:answer"))

    async with open_connections() as connections:
        with pytest.raises(ConfigInvalid) as refused:
            build_models(
                read_providers(settings, NONE),
                Surroundings(connections, StillClock(), settings),
            )

    assert str(refused.value) == (
        f"{config}: provider 'rules': Module 'no_such_module' is neither in {config.parent} "
        "nor on Python's path."
    )
