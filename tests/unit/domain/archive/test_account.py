"""What falls short of the server's own counts. Ours; the counts are documented."""

import pytest

from evald.domain.archive.account import Reason, missing_list, short_contents, short_lists
from evald.domain.archive.facts import Facts
from evald.domain.archive.journal import ContentKept, Form, ListEnded, Page, PageKept, Stored
from evald.domain.archive.kinds import Kind, ListKey, item_list, run_list
from evald.domain.archive.ledger import Ledger

ITEMS = item_list("e", "r")


def with_run(run: Facts, *, read: bool = True) -> Ledger:
    ledger = Ledger()
    page = Page(run_list("e"), Form.PAGE, (run,), 1)
    ledger.add(PageKept(1, page, Stored("raw/runs/e.00000001.json", 1, "s")))
    if read:
        ledger.add(ListEnded(ITEMS, 1))
    return ledger


@pytest.mark.parametrize(
    ("run", "items", "is_short"),
    [
        (Facts("r", status="completed", graded=3), 3, False),
        (Facts("r", status="completed", graded=3), 4, False),
        (Facts("r", status="completed", graded=3), 2, True),
        (Facts("r", status="completed", graded=3), 0, True),
        (Facts("r", status="canceled", graded=3), 2, False),
        (Facts("r", status="completed"), 0, False),
    ],
)
def test_a_completed_run_has_an_item_for_each_that_passed_or_failed(
    run: Facts, items: int, is_short: bool
) -> None:
    counts = {ITEMS: items} if items else {}

    found = short_lists(with_run(run), counts)

    assert [each.reason for each in found] == ([Reason.SHORT] if is_short else [])


def test_a_list_that_was_not_read_to_its_end_is_not_called_short() -> None:
    run = Facts("r", status="completed", graded=3)

    assert short_lists(with_run(run, read=False), {}) == []


def test_a_content_has_the_size_that_the_file_says() -> None:
    ledger = Ledger()
    page = Page(ListKey(Kind.FILES), Form.PAGE, (Facts("f", size=9),), 1)
    ledger.add(PageKept(1, page, Stored("raw/files/00000001.json", 1, "s")))
    ledger.add(ContentKept("f", Stored("files/f", 8, "s"), 1))

    [found] = short_contents(ledger)

    assert (found.path, found.reason) == ("/files/f/content", Reason.SHORT)


def test_a_list_that_is_missing_is_named_with_its_path() -> None:
    found = missing_list(ITEMS, Reason.FORBIDDEN, status=403, message="no")

    assert (found.what, found.path) == ("output_items of r", "/evals/e/runs/r/output_items")
