"""An empty store in SQLite: its schema is made once in a process, and copied from then on."""

from pathlib import Path

from evald.adapters.sql.store import SqlStore, open_store

_empty: list[bytes] = []


async def open_new_store(path: Path) -> SqlStore:
    """The store in this file; as `open_store` has it, sooner where the file is missing."""
    if path.exists():
        return await open_store(path)
    if not _empty:
        await (await open_store(path)).close()
        _empty.append(path.read_bytes())
    else:
        path.write_bytes(_empty[0])
    return await open_store(path)
