"""Archives that servers were given to import, and which server imports which."""

from typing import Protocol

from pydantic import JsonValue

from evald.ports.kept import StoredImport
from evald.wire.imports import ImportStatus


class ArchiveImportTable(Protocol):
    """Archives that the server was given to import."""

    async def insert(self, an_import: StoredImport) -> None:
        """The import is kept."""
        ...

    async def get(self, project_id: str, import_id: str) -> StoredImport | None:
        """The import, if it is there."""
        ...

    async def begin_next(self, desk_id: str, *, hold_s: int) -> StoredImport | None:
        """The oldest import that has not ended, in progress now and begun once more.

        It is this desk's for so many seconds; one that another holds is passed over. None where
        there is none.
        """
        ...

    async def hold(self, import_id: str, desk_id: str, *, hold_s: int) -> bool:
        """The import is the desk's for so many seconds more; says whether it still was."""
        ...

    async def end(self, import_id: str, status: ImportStatus, report: dict[str, JsonValue]) -> None:
        """The import has ended like this; its blob is needed no longer."""
        ...
