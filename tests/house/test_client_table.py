"""Whether the table of clients and calls is what the tests of the clients claim."""

from tests.clients.claims import CALLS, DOCUMENT, claims, written
from tests.clients.driving import script
from tests.clients.environments import clients
from tests.house.documents import text_of
from tests.house.test_lock import pins


def test_the_table_of_clients_is_as_the_tests_claim() -> None:
    """A table by hand goes on promising what no test sees any more; `make client-table` mends it.

    What a test claims is what it is run for: the clients of its claim are its parameters.
    """
    text = text_of(DOCUMENT)

    assert text == written(text)


def test_every_client_and_every_call_is_claimed_by_some_test() -> None:
    """A pin without a test is installed for nothing, and a row of dashes tells nothing."""
    found = list(claims())

    assert {name for claim in found for name in claim.clients} == set(clients())
    assert {call for claim in found for call in claim.calls} == set(CALLS)
    assert all(script(client).is_file() for client in clients().values())


def test_the_newest_python_client_is_the_locked_one() -> None:
    """Two releases of 3.x, one in each half of the tests, would hide what only one of them does."""
    (locked,) = (each.version for each in pins() if each.name == "openai")

    assert clients()["openai-python-3"].version == locked
