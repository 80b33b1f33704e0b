"""Keeping secrets unreadable to those who have only the database."""

from typing import Protocol


class VaultLocked(Exception):
    """What was sealed cannot be opened with the key that this server has."""


class Vault(Protocol):
    """Whoever seals and opens secrets."""

    def seal(self, text: str) -> str:
        """The text, unreadable."""
        ...

    def open(self, sealed: str) -> str:
        """The text that was sealed.

        Raises:
            VaultLocked: it was sealed with another key.
        """
        ...
