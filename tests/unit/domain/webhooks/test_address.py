"""Which addresses are of the public internet. Source: IANA's special-purpose registries."""

import pytest

from evald.domain.webhooks.address import is_public


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",  # an IPv4 address, mapped
        "64:ff9b::808:808",  # an IPv4 address behind NAT64
    ],
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "0.0.0.0",
        "100.64.0.1",  # carriers' own
        "169.254.169.254",  # the metadata service of clouds
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fd00::1",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",  # 127.0.0.1 by 6to4
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "example.com",
        "",
        "1.2.3",
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)
