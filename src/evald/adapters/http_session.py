"""The HTTP session through which a process streams, downloads and uploads."""

import aiohttp

from evald.adapters.patient_socket import patient_socket


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
