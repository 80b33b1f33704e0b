"""Vectors kept in memory by the hash of their texts, the least lately used going first."""

from collections import OrderedDict

from evald.adapters.models.embedding_answer import Vector

ENTRY_BYTES = 250
"""About what an entry takes beside its numbers: the key, the array's head, its place."""


class EmbeddingCache:
    """At most so many bytes of vectors; whatever is asked for or put in counts as used."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._vectors: OrderedDict[bytes, Vector] = OrderedDict()
        self._size_bytes = 0

    def get(self, key: bytes) -> Vector | None:
        """The vector kept under this key."""
        vector = self._vectors.get(key)
        if vector is not None:
            self._vectors.move_to_end(key)
        return vector

    def put(self, key: bytes, vector: Vector) -> None:
        """The vector is kept, unless it alone is too large."""
        if key in self._vectors:
            self._size_bytes -= _size_bytes(self._vectors.pop(key))
        self._vectors[key] = vector
        self._size_bytes += _size_bytes(vector)
        while self._size_bytes > self._max_bytes:
            _, oldest = self._vectors.popitem(last=False)
            self._size_bytes -= _size_bytes(oldest)


def _size_bytes(vector: Vector) -> int:
    return len(vector) * vector.itemsize + ENTRY_BYTES
