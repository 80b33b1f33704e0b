"""How far a rescue has come, by its journal alone. Ours."""

from dataclasses import replace

from evald.domain.archive.facts import Facts
from evald.domain.archive.journal import (
    ContentKept,
    Form,
    ListEnded,
    Opened,
    Page,
    PageKept,
    Source,
    Stored,
)
from evald.domain.archive.kinds import Kind, ListKey, item_list, message_list, run_list
from evald.domain.archive.ledger import SETTLING_S, Ledger, ListState

EVALS = ListKey(Kind.EVALS)
NOW = 1_000_000
OLD = 5


def page(
    number: int,
    *ids: str,
    key: ListKey = EVALS,
    after: str | None = None,
    more: bool = False,
    created: int = OLD,
) -> PageKept:
    objects = tuple(Facts(each, created=created) for each in ids)
    following = ids[-1] if ids else None
    kept = Page(key, Form.PAGE, objects, NOW, after, 100, following, more)
    return PageKept(number, kept, Stored(f"raw/{key.kind}/{number:08d}.json", 1, "s"))


def run_page(number: int, run: Facts, *, form: Form = Form.PAGE) -> PageKept:
    kept = Page(run_list("e"), form, (run,), NOW, None, 100, run.id)
    return PageKept(number, kept, Stored(f"raw/runs/e.{number:08d}.json", 1, "s"))


def ledger(*records: PageKept | ListEnded | ContentKept | Opened) -> Ledger:
    made = Ledger()
    for record in records:
        made.add(record)
    return made


def state(*records: PageKept | ListEnded) -> ListState:
    return ledger(*records).state_of(EVALS)


def test_of_a_list_that_was_never_read_nothing_is_known() -> None:
    nothing = Ledger().state_of(EVALS)

    assert (nothing.start, nothing.ended, nothing.pages) == (None, False, [])
    assert nothing.is_a_chain


def test_a_list_goes_on_behind_its_last_page() -> None:
    found = state(page(1, "a", "b", more=True), page(2, "c", after="b", more=True))

    assert (found.start, found.ended) == ("c", False)
    assert found.is_a_chain


def test_a_list_that_has_ended_is_looked_at_behind_its_last_object() -> None:
    found = state(page(1, "a", "b", more=True), page(2, "c", after="b"))

    assert (found.start, found.ended) == ("c", True)


def test_a_list_may_end_without_a_page() -> None:
    assert state(page(1, "a", more=True), ListEnded(EVALS, NOW)).ended


def test_objects_that_are_too_young_are_no_cursors_for_a_later_call() -> None:
    young = NOW - SETTLING_S + 1
    found = state(page(1, "a", more=True), page(2, "b", after="a", created=young))

    assert found.start == "a"
    assert state(page(1, "a", created=NOW - SETTLING_S)).start == "a"
    assert state(page(1, "a", created=young)).start is None


def test_a_page_that_is_missing_in_the_midst_makes_the_list_begin_again() -> None:
    found = state(page(1, "a", more=True), page(3, "c", after="b"))

    assert (found.broken, found.ended, found.start) == (True, False, None)


def test_a_list_that_began_again_is_broken_no_more() -> None:
    found = state(
        page(1, "a", more=True), page(3, "c", after="b"), page(4, "a", "b", "c"), page(5, after="c")
    )

    assert (found.broken, found.ended) == (False, True)
    assert not found.is_a_chain


def test_a_later_page_behind_what_had_settled_is_no_gap() -> None:
    young = NOW - 1
    found = state(
        page(1, "a", more=True),
        page(2, "b", after="a", created=young),
        page(3, "b", "c", after="a"),
    )

    assert (found.broken, found.ended, found.start) == (False, True, "c")
    assert not found.is_a_chain


def test_a_page_whose_body_is_gone_makes_its_list_begin_again() -> None:
    made = ledger(page(1, "a"))
    made.lose(page(2, "b", after="a"))

    assert made.state_of(EVALS).start is None
    assert made.needs(EVALS)
    assert made.last_number == 2


def test_the_size_of_pages_is_remembered() -> None:
    small = page(1, "a", more=True)
    record = replace(small, page=replace(small.page, limit=12))

    assert state(record).page_size.limit == 12


def test_what_was_found_is_known_by_kind() -> None:
    files, completions = ListKey(Kind.FILES), ListKey(Kind.CHAT_COMPLETIONS)
    made = ledger(page(1, "a", "b"), page(2, "f", key=files), page(3, "c", key=completions))

    assert {kind: list(found) for kind, found in made.found.items()} == {
        Kind.EVALS: ["a", "b"],
        Kind.FILES: ["f"],
        Kind.CHAT_COMPLETIONS: ["c"],
    }


def test_an_object_without_an_id_is_nowhere_but_in_its_page() -> None:
    record = page(1, "a")
    nameless = replace(record, page=replace(record.page, objects=(Facts(None),)))

    assert ledger(nameless).found[Kind.EVALS] == {}


def test_items_of_a_run_that_was_under_way_are_needed_again_once_it_moved() -> None:
    items = item_list("e", "r")
    made = ledger(
        run_page(1, Facts("r", status="in_progress")), page(2, "i", key=items), ListEnded(items, 1)
    )
    assert not made.needs(items)

    made.add(run_page(3, Facts("r", status="completed"), form=Form.OBJECT))

    assert made.needs(items)
    assert made.state_of(items).start is None
    assert made.runs[items].status == "completed"


def test_items_of_a_run_that_had_ended_are_not_needed_again() -> None:
    items = item_list("e", "r")
    final = run_page(1, Facts("r", status="completed"))
    made = ledger(final, page(2, "i", key=items), replace(final, number=3))

    assert not made.needs(items)


def test_a_run_that_moved_before_its_items_were_read_changes_nothing() -> None:
    made = ledger(
        run_page(1, Facts("r", status="queued")), run_page(2, Facts("r", status="completed"))
    )

    assert made.state_of(item_list("e", "r")) == ListState()


def test_lists_come_in_the_order_of_what_they_belong_to() -> None:
    completions = ListKey(Kind.CHAT_COMPLETIONS)
    made = ledger(
        page(1, "x", key=run_list("b")),
        page(2, "i", key=item_list("b", "x")),
        page(3, "z", key=run_list("lost")),
        page(4, "j", key=item_list("a", "y")),
        page(5, "a", "b"),
        page(6, "y", key=run_list("a")),
        page(7, "m", key=message_list("d")),
        page(8, "n", key=message_list("c")),
        page(9, "c", "d", key=completions),
    )

    def parents(kind: Kind) -> list[tuple[str, ...]]:
        return [key.parents for key, _ in made.lists_of(kind)]

    assert parents(Kind.RUNS) == [("a",), ("b",), ("lost",)]
    assert parents(Kind.OUTPUT_ITEMS) == [("a", "y"), ("b", "x")]
    assert parents(Kind.CHAT_COMPLETION_MESSAGES) == [("c",), ("d",)]


def test_a_file_is_needed_until_both_it_and_its_content_are_there() -> None:
    files = ListKey(Kind.FILES)
    content = ContentKept("f", Stored("files/f", 3, "s"), NOW)
    listed = page(1, "f", key=files)
    sized = replace(listed, page=replace(listed.page, objects=(Facts("f", size=3),)))
    short = replace(listed, page=replace(listed.page, objects=(Facts("f", size=4),)))

    assert ledger().needs_file("f")
    assert ledger(listed).needs_file("f")
    assert ledger(content).needs_file("f")
    assert not ledger(content).needs_content("f")
    assert not ledger(listed, content).needs_file("f")
    assert not ledger(sized, content).needs_file("f")
    assert ledger(short, content).needs_file("f")
    assert ledger(short, content).is_short("f")
    assert not ledger(sized).is_short("f")


def test_the_first_line_says_whose_archive_it_is() -> None:
    first, second = Opened(Source("https://a"), 1), Opened(Source("https://b"), 2)

    assert ledger(first, second).opened == first
