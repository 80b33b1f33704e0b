"""What a 401 means: that the key is bad, or that this one thing is not for it."""

_WORDS = ("missing scopes", "insufficient perm")


def lacks_scope(status: int | None, message: str) -> bool:
    """Whether the key is good and has no right to what it was used for.

    Source: the hosted service answers restricted keys with 401 and "You have insufficient
    permissions for this operation. Missing scopes: …" (observed 2024-05 to 2026-04).
    """
    return status == 401 and any(words in message.lower() for words in _WORDS)
