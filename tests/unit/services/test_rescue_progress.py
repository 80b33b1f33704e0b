"""How much is done and left. Ours."""

from evald.domain.archive.kinds import Kind, item_list, message_list
from evald.services.rescue_progress import Progress

ITEMS = item_list("e", "r")


def test_what_is_left_falls_as_objects_come_and_ends_with_the_list() -> None:
    progress = Progress()
    progress.expect(ITEMS, 250)
    progress.expect(message_list("c"), None)
    assert progress.left == 251

    progress.keep(ITEMS, 100)
    assert (progress.done, progress.left) == (100, 151)

    progress.end(ITEMS)
    assert (progress.done, progress.left) == (100, 1)


def test_a_list_that_is_longer_than_expected_leaves_no_debt() -> None:
    progress = Progress()
    progress.expect(ITEMS, 5)

    progress.keep(ITEMS, 8)
    progress.keep(ITEMS, 8)
    progress.end(ITEMS)

    assert (progress.done, progress.left) == (16, 0)
    assert progress.kept[Kind.OUTPUT_ITEMS] == 16
