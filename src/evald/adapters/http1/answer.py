"""What comes back for a request over HTTP/1.1, and what may go wrong on the way."""

from collections.abc import Mapping
from dataclasses import dataclass

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers by their names in lower case, and the content, no longer compressed.

    Content beyond `MAX_ANSWER_BYTES`, of any status but a 2xx beyond `MAX_ERROR_BYTES`, is cut off
    somewhere behind that. Of headers that came several times, the last one stands.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


class NotReached(Exception):
    """No connection came about, so that nothing was sent."""


class NotReachedInTime(NotReached):
    """No connection came about in the time there was for it."""


class ConnectionBroken(Exception):
    """The connection ended before the answer was whole."""


class NotHttp(Exception):
    """What came back is not HTTP, or content that is not what its headers say."""
