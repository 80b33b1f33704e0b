"""The place of a database: what it is called, and how it is migrated there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is, as migrations need to know it.

    `name` is what people are told: a file's path, or an address without its password. `schema`
    is where our tables are, if the database has several. `words` stand for `$sequence` and its
    like in a migration. `lock` keeps other processes from migrating until the transaction ends.
    `keep_copy` keeps what is there before the migration of a version touches it, where the database
    is ours to copy.
    """

    name: str
    schema: str | None
    words: Mapping[str, str]
    lock: Callable[[Connection], None]
    keep_copy: Callable[[int], None]
