"""Signatures of deliveries, by which an endpoint knows that they are ours and new."""

import base64
import binascii
import hmac

PREFIX = "whsec_"
SECRET_BYTES = 24


class SecretUnusable(ValueError):
    """A secret is none that deliveries can be signed with; the message says why, without it."""


def new_secret(random: bytes) -> str:
    """The secret of these random bytes, in the form that clients take."""
    return PREFIX + base64.b64encode(random).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: after `whsec_` its base64, else its own bytes.

    Raises:
        SecretUnusable: what follows the prefix is no base64, or nothing.
    Source: openai-python, `lib/_webhooks.py`; Standard Webhooks, "Signature scheme".
    """
    if not secret.startswith(PREFIX):
        key = secret.encode("utf-8", "surrogatepass")
    else:
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            message = f"after '{PREFIX}' a secret must be base64"
            raise SecretUnusable(message) from None
    if not key:
        message = "a secret must not be empty"
        raise SecretUnusable(message)
    return key


def signature(key: bytes, *, webhook_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `{webhook_id}.{timestamp}.{body}`.

    By hand: the key of `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`, the id
    `msg_p5jXN8AQM9LWM0D4loKWxJek`, the time 1614265330 and the body `{"test": 2432232314}` give
    `v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=`.

    Args:
        timestamp: Unix seconds; an endpoint takes none that is minutes away.

    Source: Standard Webhooks, "Signature scheme", with its example.
    """
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
