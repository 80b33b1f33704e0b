"""What all tests share."""

import signal
import threading
from pathlib import Path

import pytest
from hypothesis import settings

# The machine is shared: a law is not broken by taking long. A gate tries the same examples each
# time, so that it judges the change and nothing else; others are looked for by `make laws`.
settings.register_profile("evald", deadline=None, derandomize=True, database=None)
settings.register_profile("quick", settings.get_profile("evald"), max_examples=10)  # `make test`
settings.register_profile("laws", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("evald")

_HERE = Path(__file__).parent
LONGEST = [
    _HERE / "chaos" / "test_chaos.py",
    _HERE / "engine" / "test_troubled_store.py",
    _HERE / "engine" / "test_workers.py",
    _HERE / "engine" / "test_second_chances.py",
    _HERE / "browser" / "test_every_page.py",
    _HERE / "engine" / "test_kills.py",
    _HERE / "engine" / "test_kills_logs.py",
    _HERE / "rescue" / "test_process.py",
    _HERE / "wire" / "test_starting.py",
]
"""Files that take minutes. One that began last would keep everybody waiting for it."""
_PLACES = {path: place for place, path in enumerate(LONGEST)}


# A shell has what it starts in the background ignore Ctrl-C, and that is handed down to every
# process that a test starts, so that none could be interrupted.
if (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)  # the order is random before
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first: workers take files in this order."""
    items.sort(key=lambda item: _PLACES.get(item.path, len(LONGEST)))
