import pytest

from evald.adapters.models.provider import Provider, ProviderMisconfigured


def test_the_key_is_in_no_representation() -> None:
    provider = Provider(name="toy", base_url="https://toy/v1", api_key="sk-secret")

    assert "sk-secret" not in f"{provider} {provider!r} {[provider]}"


def test_the_address_is_the_base_url_without_its_query() -> None:
    provider = Provider(name="toy", base_url="https://toy:8443/v1?api-version=preview&k=v#x")

    assert provider.address == "https://toy:8443/v1"


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("", "has base_url '://'; an http or https address"),
        ("toy/v1", "an http or https address"),
        ("ftp://toy/v1", "has base_url 'ftp://toy'"),
        ("https:///v1", "with a host is needed"),
        ("https://me:sk-secret@toy/v1", "has a user name or password in its base_url"),
        ("https://sk-secret@toy/v1", "has a user name or password in its base_url"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(base_url: str, message: str) -> None:
    with pytest.raises(ProviderMisconfigured) as refused:
        Provider(name="toy", base_url=base_url)

    assert message in str(refused.value)
    assert str(refused.value).startswith("Provider 'toy' ")
    assert "sk-secret" not in str(refused.value)


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-\x00secret", "sk-sécret"])
def test_a_key_that_no_header_can_hold_is_refused_unshown(key: str) -> None:
    with pytest.raises(ProviderMisconfigured) as refused:
        Provider(name="toy", base_url="https://toy/v1", api_key=key)

    assert "The API key of provider 'toy' holds a character" in str(refused.value)
    assert "cret" not in str(refused.value)


def test_a_provider_that_may_never_be_asked_is_refused() -> None:
    with pytest.raises(ProviderMisconfigured, match="has max_concurrency 0; at least 1"):
        Provider(name="toy", base_url="https://toy/v1", max_concurrency=0)


def test_a_python_provider_needs_no_address() -> None:
    assert Provider(name="ours", kind="python", target="module:function").base_url == ""


def test_a_python_provider_needs_a_target() -> None:
    with pytest.raises(ProviderMisconfigured, match="Provider 'ours' is of type python and has no"):
        Provider(name="ours", kind="python")
