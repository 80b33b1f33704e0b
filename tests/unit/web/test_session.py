import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.services.keys import secret_hash
from evald.web.session import key_hash_of, session_token

KEY = "sk-evald-one-of-ours"
SECRET = b"s" * 32
TOKEN = session_token(secret_hash(KEY), until=1_000, secret=SECRET)


def test_a_token_holds_the_hash_of_the_key_it_was_made_for() -> None:
    assert key_hash_of(TOKEN, now=999, secret=SECRET) == secret_hash(KEY)


def test_a_token_does_not_hold_the_key() -> None:
    assert KEY.encode() not in base64.urlsafe_b64decode(TOKEN)


def test_a_token_is_good_until_its_second() -> None:
    assert key_hash_of(TOKEN, now=1_000, secret=SECRET) is None


def test_a_token_of_another_secret_is_none_of_ours() -> None:
    assert key_hash_of(TOKEN, now=0, secret=b"t" * 32) is None


@pytest.mark.parametrize("place", range(72))
def test_a_token_with_one_changed_bit_is_none_of_ours(place: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKEN))
    raw[place] ^= 1

    changed = base64.urlsafe_b64encode(raw).decode()
    assert key_hash_of(changed, now=0, secret=SECRET) is None


@given(st.text())
def test_whatever_comes_as_a_token_is_read_or_refused(text: str) -> None:
    assert key_hash_of(text, now=0, secret=SECRET) is None
    assert key_hash_of(TOKEN[:40] + text, now=0, secret=SECRET) in {None, secret_hash(KEY)}
