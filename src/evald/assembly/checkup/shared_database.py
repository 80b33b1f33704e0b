"""The check of a PostgreSQL database: whether it is reached, and of which version."""

from evald.adapters.sql.migrate import DatabaseUnusable, SchemaTooNew, packaged_migrations
from evald.adapters.sql.postgresql import UrlUnusable, postgresql_place, read_url
from evald.adapters.sql.server_inspection import ServerState, inspect_server
from evald.assembly.checkup.finding import Finding, State

OLDEST = 14
"""The oldest major version of PostgreSQL that is maintained, and that we test for by its words."""


def check_shared_database(url: str) -> Finding:
    """Whether this evald can take up the database at this address."""
    try:
        found = inspect_server(url)
    except UrlUnusable as problem:
        return Finding("database", State.PROBLEM, str(problem), "Mend EVALD_DATABASE_URL.")
    except DatabaseUnusable as problem:
        message, _, _ = str(problem).rpartition(". ")
        advice = "See that PostgreSQL runs there, and that user and password are right."
        return Finding("database", State.PROBLEM, f"{message}.", advice)
    return state_finding(found, name=postgresql_place(read_url(url)).name)


def state_finding(found: ServerState, *, name: str) -> Finding:
    """What the state of a database that was reached means."""
    known = packaged_migrations()[-1].version
    where = f"'{name}' is reached (PostgreSQL {found.server_version})"
    version = found.database.version
    if int(found.server_version.partition(".")[0]) < OLDEST:
        message = f"{where}, which is older than PostgreSQL {OLDEST}."
        return Finding("database", State.PROBLEM, message, "Upgrade it.")
    if version > known:
        message, _, advice = str(SchemaTooNew(name, version=version, known=known)).rpartition("; ")
        return Finding("database", State.PROBLEM, f"{message}.", advice.capitalize())
    if version == 0:
        return Finding("database", State.OK, f"{where}; `evald serve` makes its schema.")
    if version < known:
        message = f"{where} and has schema version {version}; this evald's is {known}."
        advice = "Back it up; `evald migrate` or `evald serve` migrates it."
        return Finding("database", State.NOTE, message, advice)
    return Finding("database", State.OK, f"{where} and has this evald's schema version, {known}.")
