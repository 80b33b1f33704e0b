"""What can be wrong with the durable engine's own file, named without loading the engine."""

from pathlib import Path


class DurableFileUnusable(Exception):
    """DBOS cannot work with its file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The file '{path}' cannot be used: {reason}. Move it away: runs go on without it, "
            "since what is true of them is kept in the database."
        )
