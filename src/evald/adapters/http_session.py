"""The HTTP session through which a process streams, downloads and uploads."""

import io
import math

import aiohttp

from evald.adapters.patient_socket import patient_socket

CONNECT_TIMEOUT_S = 10.0

_LARGE_BODY_BYTES = 1024 * 1024  # beyond it aiohttp wants a stream, so as not to hold up the loop


def open_session() -> aiohttp.ClientSession:
    """The one HTTP session of a process, to be closed at its end; needs a running event loop.

    Connections are kept alive and as many as asked for: the limiting clients govern. No cookies
    are kept, and no proxy or password is read from the environment.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, socket_factory=patient_socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": "evald"},
    )


def attempt_timeout(total_s: float) -> aiohttp.ClientTimeout:
    """The time for one call, connecting included."""
    # Connecting gets a little less than all, so that running out of time there is told apart from
    # running out of time while a model, perhaps a paid one, is at work. By itself aiohttp would
    # round what is above five seconds up to whole ones, and so beyond the deadline.
    connect_s = min(CONNECT_TIMEOUT_S, 0.9 * total_s)
    return aiohttp.ClientTimeout(total=total_s, connect=connect_s, ceil_threshold=math.inf)


def sendable(content: bytes) -> aiohttp.Payload:
    """The content as the session takes it."""
    # Told what it is, the session need not look for the kind of payload that fits.
    if len(content) <= _LARGE_BODY_BYTES:
        return aiohttp.BytesPayload(content)
    return aiohttp.BytesIOPayload(io.BytesIO(content))
