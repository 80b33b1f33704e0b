"""What can be wrong with the durable engine's own file, named without loading the engine."""

from pathlib import Path


class DurableFileUnusable(Exception):
    """DBOS cannot work with its file, or its part of the database."""

    def __init__(self, place: Path | str, reason: str) -> None:
        name = f"file '{place}'" if isinstance(place, Path) else f"schema '{place}' of the database"
        super().__init__(
            f"The {name} cannot be used: {reason}. Move it away: runs go on without it, "
            "since what is true of them is kept in the database."
        )
