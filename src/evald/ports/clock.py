"""Time and chance: the only way to either."""

from typing import Protocol

from evald.wire.ids import IdPrefix


class Clock(Protocol):
    """Now, waiting, and what must differ every time."""

    def now(self) -> int:
        """Seconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back, whatever is done to the wall clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after that many seconds."""
        ...

    def jitter(self) -> float:
        """A random number, at least 0.0 and below 1.0."""
        ...

    def new_id(self, prefix: IdPrefix) -> str:
        """The prefix, eight hexadecimal digits of the second, and 24 random ones."""
        ...

    def new_file_id(self) -> str:
        """`file-` and 22 random characters of base 62."""
        ...

    def new_uuid(self) -> str:
        """A random (version 4) UUID with its hyphens."""
        ...
