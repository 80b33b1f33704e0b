"""What is sealed, and who can open it; all of it is ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.vault import AesVault
from evald.ports.vault import VaultLocked

SECRET = "whsec_c2VjcmV0"


@given(text=st.text())
def test_what_was_sealed_is_opened(text: str) -> None:
    vault = AesVault(b"key")

    assert vault.open(vault.seal(text)) == text


def test_nothing_of_a_secret_is_to_be_seen_nor_that_two_are_alike() -> None:
    vault = AesVault(b"key")

    assert SECRET not in vault.seal(SECRET)
    assert vault.seal(SECRET) != vault.seal(SECRET)


@pytest.mark.parametrize("broken", ["", "v1.", "v1.AAAA", "plain text", "v1." + "A" * 80])
def test_what_was_not_sealed_is_not_opened(broken: str) -> None:
    with pytest.raises(VaultLocked):
        AesVault(b"key").open(broken)


def test_another_key_opens_nothing() -> None:
    sealed = AesVault(b"one key").seal(SECRET)

    with pytest.raises(VaultLocked, match="EVALD_SECRET_KEY") as locked:
        AesVault(b"another key").open(sealed)

    assert SECRET not in str(locked.value)
