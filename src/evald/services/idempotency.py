"""Idempotency keys: the same key and request give the same object for 24 hours."""

from dataclasses import dataclass

from evald.domain.errors import IdempotencyConflict
from evald.ports.kept import Remembered
from evald.ports.store import Transaction


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key and the hash of the request it came with (path and body)."""

    key: str
    request_hash: str


async def object_made(
    tx: Transaction, project_id: str, idempotency: Idempotency | None, *, now: int
) -> str | None:
    """The id of the object that this key made in the last 24 hours, if it made one.

    Raises:
        IdempotencyConflict: it came with another request.
    """
    if idempotency is None:
        return None
    remembered = await tx.idempotency.find(project_id, idempotency.key, now=now)
    if remembered is None:
        return None
    if remembered.request_hash != idempotency.request_hash:
        raise IdempotencyConflict(idempotency.key)
    return remembered.object_id


async def remember(
    tx: Transaction, project_id: str, idempotency: Idempotency | None, *, object_id: str, now: int
) -> None:
    """The key, if there is one, is remembered to have made the object."""
    if idempotency is not None:
        remembered = Remembered(idempotency.request_hash, object_id)
        await tx.idempotency.insert(project_id, idempotency.key, remembered, now=now)
