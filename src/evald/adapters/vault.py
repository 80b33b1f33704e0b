"""A vault whose key is the operator's, or lies in the data folder: AES-256-GCM."""

import base64
import binascii
import hashlib
import os
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from evald.ports.vault import VaultLocked

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "v1."
_NONCE_BYTES = 12
_PURPOSE = b"evald vault v1"


class AesVault:
    """Seals texts with one key. Fulfils `evald.ports.vault.Vault`.

    The key is the SHA-256 of what it is made from, which must be as hard to guess as a key is.
    """

    def __init__(self, secret: bytes) -> None:
        """Seals and opens with the key that this secret makes."""
        self._secret = secret

    @cached_property
    def _aes(self) -> "AESGCM":
        # Loaded at its first use, so that servers start sooner.
        module = import_module("cryptography.hazmat.primitives.ciphers.aead")
        aes: AESGCM = module.AESGCM(hashlib.sha256(_PURPOSE + self._secret).digest())
        return aes

    @cached_property
    def _invalid_tag(self) -> type[Exception]:
        tag: type[Exception] = import_module("cryptography.exceptions").InvalidTag
        return tag

    def seal(self, text: str) -> str:
        """The text, unreadable, and each time another."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._aes.encrypt(nonce, text.encode(), _PURPOSE)
        return _VERSION + base64.b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed.

        Raises:
            VaultLocked: it was sealed with another key, or is nothing that was sealed.
        """
        try:
            raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
            text = self._aes.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _PURPOSE)
        except (self._invalid_tag, binascii.Error, ValueError):
            message = (
                "A secret in the database was sealed with another key than this server has: "
                "set EVALD_SECRET_KEY to the one that it was sealed with."
            )
            raise VaultLocked(message) from None
        return text.decode()
