"""The token that a browser keeps for a session: what it holds, and when it is good."""

import base64
import binascii
import hashlib
import hmac

COOKIE = "evald_session"
"""The cookie that holds it."""

SESSION_S = 30 * 24 * 3_600
"""How long a session lasts: 30 days."""

_HASH_BYTES = 32
_TIME_BYTES = 8
_MAC_BYTES = 32
_TOKEN_BYTES = _HASH_BYTES + _TIME_BYTES + _MAC_BYTES
_PURPOSE = b"evald session 1\n"


def session_token(key_hash: str, *, until: int, secret: bytes) -> str:
    """A token for whoever showed the key of this hash, good until that second.

    It holds the key's hash, so that revoking the key ends the session, never the key itself; and
    nobody without the secret can make or prolong one.

    Args:
        key_hash: SHA-256 of the key, in hexadecimal.
    """
    content = bytes.fromhex(key_hash) + until.to_bytes(_TIME_BYTES, "big")
    return base64.urlsafe_b64encode(content + _mac(content, secret)).decode()


def key_hash_of(token: str, *, now: int, secret: bytes) -> str | None:
    """The hash in a token of ours that is still good; None for anything else."""
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(raw) != _TOKEN_BYTES or not hmac.compare_digest(mac, _mac(content, secret)):
        return None
    if int.from_bytes(content[_HASH_BYTES:], "big") <= now:
        return None
    return content[:_HASH_BYTES].hex()


def _mac(content: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, _PURPOSE + content, hashlib.sha256)
