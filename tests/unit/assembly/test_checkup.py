"""The checkup: what each check finds, and that looking changes nothing."""

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evald.adapters.models.provider import Provider
from evald.adapters.models.trial import Trial
from evald.adapters.sandbox.abilities import Abilities
from evald.adapters.sql.inspection import QuickCheck, inspect_database, quick_check
from evald.adapters.sql.store import open_store
from evald.assembly.checkup.all_checks import check_up, check_variables
from evald.assembly.checkup.door import check_address, check_keys, check_port
from evald.assembly.checkup.finding import Finding, State
from evald.assembly.checkup.folder import (
    GIB,
    check_folder,
    check_integrity,
    check_schema,
    is_served,
    space_finding,
)
from evald.assembly.checkup.machine import check_clock, check_sandbox
from evald.assembly.checkup.providers import call_finding, skew_findings
from evald.assembly.data_folder import DATABASE, LOCK, open_data_folder, serving_lock
from evald.ports.model import FailureKind, ModelFailure
from evald.services.keys import create_key, revoke_key
from evald.settings import PythonGraders, Settings
from tests.support.kept_runs import StillClock

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

OK, NOTE, PROBLEM = State.OK, State.NOTE, State.PROBLEM
OWN = Provider(name="own", base_url="http://127.0.0.1:1/v1", api_key="sk-own", models=("m",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as `serve` makes it."""
    return open_data_folder(tmp_path / "data")


@pytest.fixture
async def database(folder: Path) -> Path:
    """A database of this evald, closed."""
    store = await open_store(folder / DATABASE)
    await store.close()
    return folder / DATABASE


def execute(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


def checked(
    settings: Settings, environment: dict[str, str] | None = None
) -> dict[str, list[Finding]]:
    """The findings of a whole checkup, by check."""
    found: dict[str, list[Finding]] = {}
    for each in check_up(settings, environment or {}, with_calls=False):
        found.setdefault(each.check, []).append(each)
    return found


def configured(tmp_path: Path, text: str) -> Settings:
    """Settings in a folder of their own, whose config file holds this text."""
    config = tmp_path / "evald.toml"
    config.write_text(text, encoding="utf-8")
    return Settings(config=config, data_dir=tmp_path / "data", port=0)


def test_a_variable_that_is_no_setting_is_noted_without_its_value() -> None:
    found = check_variables({"EVALD_PROT": "secret", "EVALD_PORT": "80", "HOME": "/"})

    assert (found.state, "EVALD_PROT" in found.message) == (NOTE, True)
    assert "secret" not in found.message


@pytest.mark.parametrize(("at", "state"), [(1_750_000_000, PROBLEM), (1_800_000_000, OK)])
def test_a_clock_before_the_first_evald_is_wrong(at: int, state: State) -> None:
    assert check_clock(StillClock(at)).state == state


@pytest.mark.parametrize(
    ("free", "state"), [(GIB - 1, PROBLEM), (GIB, NOTE), (5 * GIB - 1, NOTE), (5 * GIB, OK)]
)
def test_little_space_is_noted_and_almost_none_is_a_problem(free: int, state: State) -> None:
    assert space_finding(free).state == state


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = checked(configured(tmp_path, ""))

    states = [found[name][0].state for name in ("folder", "database", "config")]
    assert states == [OK, OK, OK]
    assert [path.name for path in tmp_path.iterdir()] == ["evald.toml"]


@pytest.mark.parametrize(("mode", "state"), [(0o700, OK), (0o755, NOTE)])
def test_a_folder_that_others_may_read_is_noted(folder: Path, mode: int, state: State) -> None:
    folder.chmod(mode)

    assert check_folder(folder).state == state


@pytest.mark.parametrize("inside", ["", "below"])
def test_a_file_in_place_of_the_folder_is_a_problem(tmp_path: Path, inside: str) -> None:
    (tmp_path / "taken").touch()

    assert check_folder(tmp_path / "taken" / inside).state == PROBLEM


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)

    assert check_folder(tmp_path / "closed" / "data").state == PROBLEM


def test_a_database_of_this_evald_is_well_and_looking_leaves_no_file(database: Path) -> None:
    before = sorted(database.parent.iterdir())

    found = checked(Settings(data_dir=database.parent, port=0))

    assert [found["database"][0].state, found["integrity"][0].state] == [OK, OK]
    assert sorted(database.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("statement", "state", "words"),
    [
        ("INSERT INTO schema_version VALUES (9999)", PROBLEM, "has schema version 9999"),
        ("DELETE FROM schema_version", NOTE, "schema version 0"),
    ],
    ids=["newer", "older"],
)
def test_a_schema_of_another_evald_is_told(
    database: Path, statement: str, state: State, words: str
) -> None:
    execute(database, statement)

    found = check_schema(database)

    assert (found.state, words in found.message) == (state, True)
    assert found.advice


def test_an_older_database_is_not_migrated(database: Path) -> None:
    execute(database, "DELETE FROM schema_version")

    check_schema(database)

    state = inspect_database(database)
    assert state is not None
    assert state.version == 0


def test_a_file_that_is_no_database_is_a_problem(database: Path) -> None:
    database.write_bytes(b"no database, and long enough to be read" * 100)

    found = checked(Settings(data_dir=database.parent, port=0))

    assert [found["database"][0].state, found["integrity"][0].state] == [PROBLEM, PROBLEM]
    assert found["keys"][0].state == NOTE


def test_another_programs_database_is_a_problem(database: Path) -> None:
    execute(database, "DROP TABLE schema_version")

    found = check_schema(database)

    assert (found.state, "another program" in found.message) == (PROBLEM, True)


def test_a_damaged_page_is_found(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(16_384 * 3)
        file.write(b"\xff" * 16_384)

    found = check_integrity(database)

    assert found is not None
    assert found.state == PROBLEM


def test_what_a_writer_has_only_in_its_log_is_read_too(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO schema_version VALUES (9999)")
        writer.commit()

        state = inspect_database(database)

    assert state is not None
    assert state.version == 9999


def test_a_check_that_has_to_wait_too_long_is_left_unfinished(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = DELETE")
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("INSERT INTO schema_version VALUES (9999)")

        assert quick_check(database, within_s=0.01) == QuickCheck(is_finished=False)


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        (Settings(), NOTE),
        (Settings(host="::1"), NOTE),
        (Settings(public_url="https://evald.example.com"), NOTE),
        (Settings(host="0.0.0.0"), PROBLEM),
        (Settings(host="0.0.0.0", api_key="sk-static"), OK),
    ],
    ids=["open", "open on ::1", "open behind a proxy", "refused", "static key"],
)
def test_the_key_situation_depends_on_who_can_reach_the_server(
    tmp_path: Path, settings: Settings, state: State
) -> None:
    found = check_keys(settings, tmp_path / DATABASE)

    assert found.state == state
    assert "sk-static" not in found.message


async def test_a_stored_key_counts_until_it_is_revoked(database: Path) -> None:
    store, clock = await open_store(database), StillClock()
    created = await create_key(store, clock, "")
    kept = check_keys(Settings(host="0.0.0.0"), database)
    await revoke_key(store, clock, created.key.id)
    revoked = check_keys(Settings(host="0.0.0.0"), database)
    await store.close()

    assert (kept.state, revoked.state) == (OK, PROBLEM)
    assert created.secret not in kept.message


@pytest.mark.parametrize(
    ("settings", "state", "url"),
    [
        (Settings(), OK, "http://127.0.0.1:8080/v1"),
        (Settings(host="::1"), OK, "http://[::1]:8080/v1"),
        (Settings(host="0.0.0.0"), NOTE, "http://localhost:8080/v1"),
        (Settings(public_url="https://me:secret@e.example/x/"), OK, "https://e.example/x/v1"),
    ],
)
def test_the_address_is_the_one_that_clients_need(
    settings: Settings, state: State, url: str
) -> None:
    found = check_address(settings)

    assert (found.state, f" {url}," in found.message) == (state, True)


@pytest.mark.parametrize(("is_served", "state"), [(False, PROBLEM), (True, NOTE)])
def test_a_taken_port_is_a_problem_unless_evald_runs(is_served: bool, state: State) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        found = check_port(Settings(port=taken.getsockname()[1]), is_served=is_served)

    assert found.state == state


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "ä..b"])
def test_a_host_that_is_not_this_machines_is_a_problem(host: str) -> None:
    found = check_port(Settings(host=host, port=0), is_served=False)

    assert (found.state, host in found.message, bool(found.advice)) == (PROBLEM, True, True)


def test_a_server_is_found_by_its_lock(folder: Path) -> None:
    assert not is_served(folder)
    assert not (folder / LOCK).exists()

    with serving_lock(folder):
        assert is_served(folder)

    assert not is_served(folder)


BARE = Abilities(0, seccomp=False, bubblewrap=None)
WALLED = Abilities(7, seccomp=True, bubblewrap="/usr/bin/bwrap")


@pytest.mark.parametrize(
    ("mode", "abilities", "refusal", "state", "said"),
    [
        ("sandboxed", WALLED, None, OK, "Landlock 7, seccomp and limits; bubblewrap"),
        ("sandboxed", BARE, "The kernel has no Landlock.", NOTE, "no Landlock"),
        ("unsafe", WALLED, None, NOTE, "all rights of the server"),
        ("off", WALLED, "It is off.", NOTE, "switched off"),
    ],
)
def test_how_the_code_of_graders_would_run_is_told(
    mode: PythonGraders, abilities: Abilities, refusal: str | None, state: State, said: str
) -> None:
    found = check_sandbox(Settings(python_graders=mode), abilities, refusal)

    assert (found.state, said in found.message) == (state, True)


def test_every_missing_key_is_named_at_once(tmp_path: Path) -> None:
    entry = '[[providers]]\nname = "{0}"\nbase_url = "http://x"\nmodels = ["{0}"]\n'
    entry += 'api_key_env = "{1}"\n'
    text = entry.format("a", "A_KEY") + entry.format("b", "B_KEY") + entry.format("c", "C_KEY")

    found = checked(configured(tmp_path, text), {"B_KEY": "sk-secret", "C_KEY": ""})

    states = [found[f"provider {name}"][0].state for name in "abc"]
    assert states == [PROBLEM, OK, PROBLEM]
    assert "A_KEY" in found["provider a"][0].message
    assert "sk-secret" not in str(found)


def test_a_file_of_providers_that_cannot_be_used_is_a_problem_in_the_words_of_serve(
    tmp_path: Path,
) -> None:
    settings = configured(tmp_path, '[[providers]]\nname = "a"\nmodels = ["m"]\n')

    (found,) = checked(settings)["config"]

    sentence = "provider 'a' has no 'base_url', which type 'openai' needs."
    assert (found.state, found.message) == (PROBLEM, f"{settings.config}: {sentence}")


def test_what_a_module_says_is_told_without_keys(tmp_path: Path) -> None:
    (tmp_path / "checkup_raises.py").write_text("raise ValueError('sk-secret is bad')\n")
    text = '[[providers]]\nname = "a"\ntype = "python"\nmodels = ["m"]\ntarget = "{}:f"\n'
    text += '[[providers]]\nname = "b"\nbase_url = "http://x"\nmodels = ["n"]\n'
    text += 'api_key_env = "B_KEY"\n'
    settings = configured(tmp_path, text.format("checkup_raises"))

    (found,) = checked(settings, {"B_KEY": "sk-secret"})["provider a"]

    sentence = "Importing module 'checkup_raises' raised ValueError: *** is bad"
    assert (found.state, found.message) == (PROBLEM, sentence)


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (ModelFailure(FailureKind.REFUSED, "c", "m", status=401), PROBLEM),
        (ModelFailure(FailureKind.REFUSED, "c", "m", status=403), NOTE),
        (ModelFailure(FailureKind.REFUSED, "c", "m", status=404), NOTE),
        (ModelFailure(FailureKind.REFUSED, "c", "m", status=429), NOTE),
        (ModelFailure(FailureKind.REFUSED, "c", "m", status=302), PROBLEM),
        (ModelFailure(FailureKind.REFUSED, "c", "m", status=503), PROBLEM),
        (ModelFailure(FailureKind.UNREACHABLE, "c", "m"), PROBLEM),
        (ModelFailure(FailureKind.TIMEOUT, "c", "m"), PROBLEM),
        (ModelFailure(FailureKind.MALFORMED, "c", "m"), PROBLEM),
    ],
)
def test_a_call_that_fails_says_what_to_do(failure: ModelFailure, state: State) -> None:
    found = call_finding(OWN, Trial(failure, 0.1))

    assert (found.state, bool(found.advice)) == (state, True)


@pytest.mark.parametrize(
    ("ahead_s", "states"),
    [(None, []), (0, []), (-10, []), (11, [NOTE]), (-301, [PROBLEM])],
)
def test_a_clock_that_differs_from_the_providers_is_told(
    ahead_s: int | None, states: list[State]
) -> None:
    found = skew_findings(OWN, Trial(1, 0.0, ahead_s))

    assert [each.state for each in found] == states
