"""How far a rescue has come: what the journal says, added up."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from evald.domain.archive.facts import Facts
from evald.domain.archive.journal import (
    ContentKept,
    Form,
    ListEnded,
    Opened,
    PageKept,
    Record,
)
from evald.domain.archive.kinds import TOP_KINDS, Kind, ListKey, item_list
from evald.domain.archive.page_size import PageSize, remembered

SETTLING_S = 60
"""Objects younger than this are no cursors for a later call.

Where many are made in one second, one of that second may yet appear before another that was seen.
"""


@dataclass(slots=True)
class ListState:
    """How far one list has come.

    `cursor` is where to go on while the list has not ended, `settled` where to look for what is
    new after that. `broken` says that a page is missing in the midst. `pages` are without objects.
    """

    pages: list[PageKept] = field(default_factory=list)
    cursor: str | None = None
    settled: str | None = None
    ended: bool = False
    broken: bool = False
    limit: int | None = None

    @property
    def start(self) -> str | None:
        """The cursor to ask with first; None for the list's beginning."""
        if self.broken:
            return None
        return self.settled if self.ended else self.cursor

    @property
    def page_size(self) -> PageSize:
        """The size that its pages had last."""
        return remembered(self.limit)

    @property
    def is_a_chain(self) -> bool:
        """Whether each page begins where the one before it ended, so that none says a thing twice.

        True of a list that was read once from its beginning to its end.
        """
        cursor: str | None = None
        for kept in self.pages:
            page = kept.page
            if page.form is not Form.PAGE or page.after != cursor:
                return False
            cursor = page.next
        return True


class Ledger:
    """What an archive holds and what it still lacks; made by adding the journal's records."""

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.lists: dict[ListKey, ListState] = {}
        self.found: dict[Kind, dict[str, Facts]] = {kind: {} for kind in TOP_KINDS}
        self.runs: dict[ListKey, Facts] = {}  # by the list of the run's output items
        self.contents: dict[str, ContentKept] = {}
        self.last_number = 0

    def state_of(self, key: ListKey) -> ListState:
        """How far this list has come; nowhere, if nothing was kept of it."""
        return self.lists.get(key) or ListState()

    def lists_of(self, kind: Kind) -> Iterator[tuple[ListKey, ListState]]:
        """The lists of this kind, in the order in which the objects they belong to were found."""
        ranks = self._ranks(kind)
        keys = [key for key in self.lists if key.kind is kind]
        keys.sort(key=lambda key: [ranks.get(key.parents[: n + 1], len(ranks)) for n in range(2)])
        return ((key, self.lists[key]) for key in keys)

    def _ranks(self, kind: Kind) -> dict[tuple[str, ...], int]:
        """Where among its like each object stands that a list of this kind belongs to."""
        completions = kind is Kind.CHAT_COMPLETION_MESSAGES
        found = self.found[Kind.CHAT_COMPLETIONS if completions else Kind.EVALS]
        owners = [(own_id,) for own_id in found]
        runs = [key.parents for key in self.runs] if kind is Kind.OUTPUT_ITEMS else []
        return {path: rank for rank, path in enumerate([*owners, *runs])}

    def needs(self, key: ListKey) -> bool:
        """Whether a list was not yet read to its end, or is to be read again."""
        return not self.state_of(key).ended

    def needs_file(self, file_id: str) -> bool:
        """Whether what is said of a file is not there, or its content."""
        return file_id not in self.found[Kind.FILES] or self.needs_content(file_id)

    def needs_content(self, file_id: str) -> bool:
        """Whether a file's content is not there, or not as many bytes as the file should have."""
        return file_id not in self.contents or self.is_short(file_id)

    def is_short(self, file_id: str) -> bool:
        """Whether a content that is there has another size than the file should have."""
        facts = self.found[Kind.FILES].get(file_id)
        if facts is None or facts.size is None or file_id not in self.contents:
            return False
        return self.contents[file_id].stored.bytes != facts.size

    def add(self, record: Record) -> None:
        """Takes the record into account."""
        match record:
            case Opened():
                self.opened = self.opened or record
            case PageKept():
                self._add_page(record)
            case ListEnded(key, _):
                self._list(key).ended = True
            case ContentKept(file_id):
                self.contents[file_id] = record
            case _:
                assert_never(record)

    def lose(self, record: PageKept) -> None:
        """Takes into account that a page was kept once and is there no more.

        Its list is to be read again from the beginning.
        """
        self.last_number = max(self.last_number, record.number)
        state = self._list(record.page.key)
        state.broken, state.ended = True, False

    def _list(self, key: ListKey) -> ListState:
        return self.lists.setdefault(key, ListState())

    def _add_page(self, record: PageKept) -> None:
        self.last_number = max(self.last_number, record.number)
        page = record.page
        state = self._list(page.key)
        state.pages.append(replace(record, page=replace(page, objects=())))
        for facts in page.objects:
            self._note(page.key, facts)
        if page.form is Form.PAGE:
            _go_on(state, record)

    def _note(self, key: ListKey, facts: Facts) -> None:
        if facts.id is None:
            return
        if key.kind is Kind.RUNS:
            items = item_list(key.parents[0], facts.id)
            known = self.runs.get(items)
            if known is not None and known.is_under_way:
                self._reopen(items)
            self.runs[items] = facts
        elif key.kind in self.found:
            self.found[key.kind][facts.id] = facts

    def _reopen(self, key: ListKey) -> None:
        """The list is to be read again: what was read of it was not its last word."""
        if key in self.lists:
            state = self.lists[key]
            state.ended, state.cursor = False, None


def _go_on(state: ListState, record: PageKept) -> None:
    page = record.page
    if page.after is None:
        state.broken = False
    elif page.after not in (state.cursor, state.settled):
        state.broken = True  # a line of the journal in between was lost
    state.cursor = page.next
    state.limit = page.limit
    state.ended = not page.more and not state.broken
    for facts in page.objects:
        if facts.id is not None and _is_settled(facts, at=page.at):
            state.settled = facts.id


def _is_settled(facts: Facts, *, at: int) -> bool:
    return facts.created is None or facts.created <= at - SETTLING_S
