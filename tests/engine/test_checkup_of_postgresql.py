"""What `evald doctor` says of a PostgreSQL database; all of it is ours."""

import pytest

from evald.assembly.checkup.finding import State
from evald.assembly.checkup.shared_database import check_shared_database
from evald.cli.main import main
from tests.support.postgresql import new_database

pytestmark = pytest.mark.slow


def test_a_database_is_found_empty_and_then_at_this_version() -> None:
    url = new_database()

    before = check_shared_database(url)
    assert main(["migrate", "--database-url", url]) == 0
    after = check_shared_database(url)

    assert (before.state, after.state) == (State.OK, State.OK)
    assert "`evald serve` makes its schema" in before.message
    assert "this evald's schema version" in after.message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://ann:sesame@127.0.0.1:9/evald", "cannot be used"),
        ("mysql://localhost/evald", "must begin with 'postgresql:'"),
        ("nonsense", "not of the form"),
    ],
)
def test_what_is_amiss_is_told_without_the_password(url: str, words: str) -> None:
    found = check_shared_database(url)

    assert found.state is State.PROBLEM
    assert words in found.message
    assert "sesame" not in f"{found.message}{found.advice}"
