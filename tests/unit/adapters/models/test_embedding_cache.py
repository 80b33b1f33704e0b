from array import array

from evald.adapters.models.embedding_answer import Vector
from evald.adapters.models.embedding_cache import ENTRY_BYTES, EmbeddingCache

SIZE = 4 + ENTRY_BYTES  # of a vector of one 32-bit float


def vector(number: float) -> Vector:
    return array("f", [number])


def test_what_was_put_in_is_found() -> None:
    cache = EmbeddingCache(2 * SIZE)

    cache.put(b"a", vector(1))

    assert cache.get(b"a") == vector(1)
    assert cache.get(b"b") is None


def test_the_least_lately_used_goes_first() -> None:
    cache = EmbeddingCache(2 * SIZE)
    cache.put(b"a", vector(1))
    cache.put(b"b", vector(2))
    cache.get(b"a")

    cache.put(b"c", vector(3))

    assert [cache.get(key) is not None for key in (b"a", b"b", b"c")] == [True, False, True]


def test_putting_one_in_twice_takes_its_place_once() -> None:
    cache = EmbeddingCache(2 * SIZE)
    cache.put(b"a", vector(1))

    for _ in range(5):
        cache.put(b"b", vector(2))

    assert cache.get(b"a") == vector(1)


def test_what_alone_is_too_large_is_not_kept() -> None:
    cache = EmbeddingCache(SIZE - 1)

    cache.put(b"a", vector(1))

    assert cache.get(b"a") is None
