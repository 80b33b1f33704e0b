"""Checks of the way in: who has a key, under which address, and on which port."""

import errno
import socket
from pathlib import Path
from urllib.parse import urlsplit

from evald.adapters.sql.inspection import DatabaseState, inspect_database
from evald.adapters.sql.migrate import DatabaseUnusable
from evald.adapters.sql.postgresql import UrlUnusable
from evald.adapters.sql.server_inspection import inspect_server
from evald.assembly.checkup.finding import Finding, State
from evald.assembly.server import is_loopback
from evald.settings import Settings

EVERYWHERE = {"0.0.0.0", "::", "[::]"}  # noqa: S104 - what is looked for
MAKE_A_KEY = "`evald keys create` makes one"

_ADVICE = {
    errno.EADDRINUSE: "Stop what listens there, or name another --port.",
    errno.EACCES: "Name a --port above 1023: those below are the administrator's.",
}


def check_keys(settings: Settings, database: Path) -> Finding:
    """Who is let in, and whether `serve` would refuse to listen."""
    try:
        kept = _kept(settings, database)
    except (DatabaseUnusable, UrlUnusable):
        message = "Whether keys are stored cannot be told, since the database cannot be read."
        return Finding("keys", State.NOTE, message, "Look at what is said of the database.")
    if settings.api_key or kept.good_keys:
        static = "EVALD_API_KEY; " if settings.api_key else ""
        stored = f"{kept.good_keys} stored; {kept.revoked_keys} revoked"
        return Finding("keys", State.OK, f"Good keys: {static}{stored}.")
    if not is_loopback(settings.host):
        message = f"No API key is configured, and {settings.host} can be reached by others"
        advice = f"{MAKE_A_KEY}; or set EVALD_API_KEY, or listen on 127.0.0.1."
        return Finding("keys", State.PROBLEM, f"{message}: `evald serve` refuses.", advice)
    return _open_door(settings)


def _kept(settings: Settings, database: Path) -> DatabaseState:
    if settings.database_url:
        return inspect_server(settings.database_url).database
    return inspect_database(database) or DatabaseState(0, 0, 0)


def _open_door(settings: Settings) -> Finding:
    if settings.public_url and not is_loopback(urlsplit(settings.public_url).hostname or ""):
        message = "No API key is configured: whoever gets through at EVALD_PUBLIC_URL is let in."
        return Finding("keys", State.NOTE, message, f"{MAKE_A_KEY}; or let the proxy ask for one.")
    message = "No API key is configured: whoever is on this machine is let in with any key."
    return Finding("keys", State.NOTE, message, f"{MAKE_A_KEY}, where that is too many.")


def check_address(settings: Settings) -> Finding:
    """Under which address clients and links find the server."""
    if settings.public_url:
        parts = urlsplit(settings.public_url.rstrip("/"))
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return Finding("address", State.OK, f"Clients' base_url is {url}/v1, and links begin so.")
    if settings.port == 0:
        return Finding("address", State.OK, "`evald serve` says it, once it has a port.")
    everywhere = settings.host in EVERYWHERE
    host = "localhost" if everywhere else settings.host
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    message = f"Clients' base_url is http://{host}:{settings.port}/v1, and links begin so."
    if everywhere:
        advice = "Set EVALD_PUBLIC_URL to how others reach it, or their links lead nowhere."
        return Finding("address", State.NOTE, message, advice)
    return Finding("address", State.OK, message)


def check_port(settings: Settings, *, is_served: bool) -> Finding:
    """Whether it can be listened on; a server of this folder is told from a stranger.

    Args:
        is_served: whether a process serves from the data folder now.
    """
    place = f"{settings.host} port {settings.port}"
    try:
        _bind(settings)
    except OSError as problem:
        if is_served and problem.errno == errno.EADDRINUSE:
            message = f"evald is running from this folder, most likely it is what has {place}."
            return Finding("port", State.NOTE, message)
        message = f"Cannot listen on {place}: {problem.strerror or problem}."
        advice = _ADVICE.get(problem.errno or 0, "Name an address of this machine as --host.")
        return Finding("port", State.PROBLEM, message, advice)
    except (UnicodeError, TypeError) as problem:  # no name that DNS could know
        message = f"Cannot listen on {place}: {problem}."
        return Finding("port", State.PROBLEM, message, "Name an address of this machine as --host.")
    if is_served:
        message = f"evald is running from this folder, elsewhere than on {place}, which is free."
        return Finding("port", State.NOTE, message, "Stop it before another is started.")
    message = f"{place} is free." if settings.port else "`evald serve` takes a free one."
    return Finding("port", State.OK, message)


def _bind(settings: Settings) -> None:
    """Binds as the server does, and lets go."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host.strip("[]"), settings.port))
