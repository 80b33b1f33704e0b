"""What goes out with every request. Headers are documented; the refusals are ours."""

import pytest

from evald.adapters.hosted.credentials import Credentials, SourceMisconfigured


def test_openai_gets_a_bearer_token_and_whose_the_request_is() -> None:
    credentials = Credentials(api_key="sk-1", organization="org-1", project="proj_1")

    assert credentials.headers() == {
        "Authorization": "Bearer sk-1",
        "OpenAI-Organization": "org-1",
        "OpenAI-Project": "proj_1",
    }
    assert credentials.query() == ()


def test_azure_gets_the_key_in_its_own_header_and_its_version_in_the_query() -> None:
    credentials = Credentials(api_key="k", azure=True, api_version="preview")

    assert credentials.headers() == {"api-key": "k", "aoai-evals": "preview"}
    assert credentials.query() == (("api-version", "preview"),)


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://API.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://127.0.0.1:8080/v1?api-version=preview", "http://127.0.0.1:8080/v1"),
    ],
)
def test_an_archive_names_its_source_in_one_way(base_url: str, address: str) -> None:
    assert Credentials(api_key="k", base_url=base_url).address == address


@pytest.mark.parametrize(
    ("base_url", "sentence"),
    [
        ("api.openai.com/v1", "http or https"),
        ("ftp://api.openai.com/v1", "http or https"),
        ("https:///v1", "http or https"),
        ("https://anna:secret@host/v1", "user name or password"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(base_url: str, sentence: str) -> None:
    with pytest.raises(SourceMisconfigured, match=sentence) as refused:
        Credentials(api_key="k", base_url=base_url)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("key", ["a\nb", "ü", "a\x00"])
def test_a_key_that_no_header_may_hold_is_refused_and_not_told(key: str) -> None:
    with pytest.raises(SourceMisconfigured, match="no header may hold") as refused:
        Credentials(api_key=key)

    assert key not in str(refused.value)


def test_the_key_is_not_shown() -> None:
    assert "sk-1" not in repr(Credentials(api_key="sk-1"))
