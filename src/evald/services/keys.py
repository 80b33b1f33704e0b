"""API keys: create, list, revoke, and who a key lets in."""

import hashlib
import hmac
from dataclasses import dataclass

from evald.domain.errors import IncorrectApiKey, MissingApiKey, NotFound
from evald.ports.clock import Clock
from evald.ports.kept import StoredKey
from evald.ports.store import Store
from evald.wire.ids import IdPrefix

DEFAULT_PROJECT = "proj_default"
REMEMBERED_S = 2.0
"""How long a stored key is let in without asking the store again, revoked or not."""


STATIC_KEY = "key_static"
"""What the key of the settings is called where keys are named by their ids."""

ANY_KEY = "key_any"
"""And what any key is, while none is configured."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom a key lets in: into which project, and by which key's id."""

    project_id: str
    key_id: str


_ANYBODY = Admitted(DEFAULT_PROJECT, ANY_KEY)


class KeyNotFound(NotFound):
    """No API key has this id."""

    noun = "API key"


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key and its secret, which is shown this once and kept only as a hash."""

    key: StoredKey
    secret: str


async def create_key(store: Store, clock: Clock, name: str) -> CreatedKey:
    """The key that was made."""
    secret = "sk-evald-" + clock.new_id(IdPrefix.KEY).removeprefix(IdPrefix.KEY)[8:]
    secret += clock.new_uuid().replace("-", "")
    key = StoredKey(
        id=clock.new_id(IdPrefix.KEY),
        project_id=DEFAULT_PROJECT,
        name=name,
        hint=f"…{secret[-4:]}",
        created_at=clock.now(),
        revoked_at=None,
    )
    async with store.transaction() as tx:
        await tx.keys.insert(key, secret_hash=secret_hash(secret))
    return CreatedKey(key, secret)


async def list_keys(store: Store) -> list[StoredKey]:
    """Every key, revoked ones too, oldest first."""
    async with store.snapshot() as tx:
        return await tx.keys.all(DEFAULT_PROJECT)


async def revoke_key(store: Store, clock: Clock, key_id: str) -> None:
    """The key lets nobody in any more, after at most two seconds.

    Raises:
        KeyNotFound: there is no such key, or it was revoked before.
    """
    async with store.transaction() as tx:
        if not await tx.keys.revoke(DEFAULT_PROJECT, key_id, now=clock.now()):
            raise KeyNotFound(key_id)


def secret_hash(secret: str) -> str:
    """The SHA-256 of a secret, in hexadecimal.

    Secrets have more than 200 random bits, so a fast hash without salt gives nothing away.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


class Gate:
    """Decides whom a key lets in. While no key is configured, every key is good."""

    def __init__(self, store: Store, clock: Clock, *, static_key: str, may_be_open: bool) -> None:
        """Lets in by the stored keys, and by the static one if it is not empty.

        Args:
            may_be_open: every key is good as long as none is configured; only on loopback.
        """
        self._store = store
        self._clock = clock
        self._static_hash = secret_hash(static_key) if static_key else ""
        self._may_be_open = may_be_open and not static_key
        self._open_until = 0.0
        self._remembered: dict[str, tuple[Admitted, float]] = {}

    async def is_open(self) -> bool:
        """Whether no key is configured.

        The first stored key closes the gate within two seconds, and it stays closed: revoking the
        last key lets nobody in.
        """
        now = self._clock.monotonic()
        if self._may_be_open and now >= self._open_until:
            async with self._store.snapshot() as tx:
                self._may_be_open = not await tx.keys.any_good()
            self._open_until = now + REMEMBERED_S
        return self._may_be_open

    async def admit(self, key: str | None) -> Admitted:
        """Whom this key lets in.

        Raises:
            MissingApiKey: there is no key.
            IncorrectApiKey: it is not one of ours, or was revoked.
        """
        if not key:
            raise MissingApiKey
        if self._may_be_open and await self.is_open():
            return _ANYBODY
        admitted = await self._admitted(secret_hash(key))
        if admitted is None:
            raise IncorrectApiKey(key)
        return admitted

    async def admit_hash(self, hashed: str) -> str:
        """The id of the project that the key of this `secret_hash` belongs to.

        For whoever has shown the key before and keeps only its hash, as a browser's session does.

        Raises:
            IncorrectApiKey: it is the hash of none of our keys, or of one that was revoked.
        """
        admitted = await self._admitted(hashed)
        if admitted is None:
            raise IncorrectApiKey("")
        return admitted.project_id

    async def _admitted(self, hashed: str) -> Admitted | None:
        if self._static_hash and hmac.compare_digest(hashed, self._static_hash):
            return Admitted(DEFAULT_PROJECT, STATIC_KEY)
        if await self.is_open():
            return _ANYBODY
        now = self._clock.monotonic()
        remembered = self._remembered.get(hashed)
        if remembered is not None and now < remembered[1]:
            return remembered[0]
        return await self._ask_store(hashed, until=now + REMEMBERED_S)

    async def _ask_store(self, hashed: str, *, until: float) -> Admitted | None:
        self._remembered.pop(hashed, None)
        async with self._store.snapshot() as tx:
            found = await tx.keys.find(hashed)
        if found is None or found.revoked_at is not None:
            return None
        admitted = Admitted(found.project_id, found.id)
        self._remembered[hashed] = (admitted, until)
        return admitted
