"""The clock of this machine: the one place where time and chance come in."""

import asyncio
import random
import secrets
import string
import time
import uuid
from collections import deque

from evald.wire.ids import FILE_PREFIX, IdPrefix

_RANDOM_BYTES = 12
_PARTS_AT_ONCE = 256
_BASE_62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


class SystemClock:
    """Time and chance as the operating system gives them. Fulfils `evald.ports.clock.Clock`."""

    def __init__(self) -> None:
        """Has no random bytes in store yet."""
        self._random_parts: deque[str] = deque()

    def now(self) -> int:
        """Seconds since 1970-01-01 UTC, rounded down."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Returns after that many seconds."""
        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        """A random number, at least 0.0 and below 1.0."""
        return random.random()

    def new_id(self, prefix: IdPrefix) -> str:
        """The prefix, eight hexadecimal digits of the second, and 24 random ones."""
        return f"{prefix}{self.now():08x}{self._random_part()}"

    def new_file_id(self) -> str:
        """`file-` and 22 random characters of base 62."""
        return FILE_PREFIX + "".join(secrets.choice(_BASE_62) for _ in range(22))

    def _random_part(self) -> str:
        # Asking the system for random bytes takes longer than all else about an id, so they come
        # many at once. `popleft` gives each part to one only of the threads that ask.
        try:
            return self._random_parts.popleft()
        except IndexError:
            size, digits = 2 * _RANDOM_BYTES, secrets.token_hex(_RANDOM_BYTES * _PARTS_AT_ONCE)
            first, *others = (digits[at : at + size] for at in range(0, len(digits), size))
            self._random_parts.extend(others)
            return first

    def new_uuid(self) -> str:
        """A random (version 4) UUID with its hyphens."""
        return str(uuid.uuid4())
