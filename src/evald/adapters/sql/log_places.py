"""Where the logs are that are wanted: by a walk where it is short, by blocks where it is not."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Row, func, select

from evald.adapters.sql.log_blocks import amended_seqs, last_block_seq, read_bits
from evald.adapters.sql.log_walk import (
    Asked,
    count_terms,
    place_ahead,
    places_among,
    walked_places,
)
from evald.adapters.sql.tables import LOG_BITS, LOG_BLOCKS, LOGS, plain_text
from evald.domain.logs.blocks import may_have, places_in, term_key
from evald.domain.logs.filters import LogFilter, LogPlace, LogSpan, in_order
from evald.domain.logs.terms import LogKind, Term

_LOGS = LOGS.c
_BLOCKS = LOG_BLOCKS.c


@dataclass(frozen=True, slots=True)
class Reach:
    """How far each way of finding logs goes before it is left for another.

    Args:
        probe: how far terms are counted to find the rarest; of more frequent ones any will do.
        steps: the places that a walk goes on for, before blocks are asked.
        steps_each: as many more for each log that there is room for.
        unblocked: the logs without a block that are looked at one by one; of more, blocks would
            tell too little.
        checked: the logs that may be wanted by their blocks, and are looked at together.
    """

    probe: int = 1_000
    steps: int = 2_048
    steps_each: int = 2
    unblocked: int = 16_384
    checked: int = 128


REACH = Reach()


def following_places(
    connection: Connection,
    whose: tuple[str, LogKind],
    wanted: LogFilter,
    span: LogSpan,
    *,
    reach: Reach = REACH,
) -> list[LogPlace]:
    """The places of those logs of the span that are wanted, in its order.

    The walk goes over the terms of the rarest thing that is asked for, and over the logs themselves
    where nothing is or only what is frequent. Where it is about to take long, since what is asked
    for is frequent and logs that have all of it are not, blocks of logs go on.
    """
    groups = (*((term,) for term in wanted.all_of), *wanted.any_of)
    asked = Asked(whose, groups, wanted, span)
    counts = [count_terms(connection, whose, group, most=reach.probe + 1) for group in groups]
    rarest = min(range(len(groups)), key=counts.__getitem__, default=None)
    if rarest is None or counts[rarest] <= reach.probe:
        return walked_places(connection, asked, rarest)
    along = rarest if len(groups[rarest]) == 1 else None
    if along is not None and len(groups) == 1:
        return walked_places(connection, asked, along)
    steps = reach.steps + reach.steps_each * span.most
    edge = place_ahead(connection, asked, along, steps=steps)
    near = walked_places(connection, asked, along, until=edge)
    if edge is None or len(near) >= span.most:
        return near
    beyond = replace(asked, span=replace(span, most=span.most - len(near), after=edge))
    last_seq = last_block_seq(connection)
    if (connection.scalar(select(func.max(_LOGS.seq))) or 0) - last_seq > reach.unblocked:
        return near + walked_places(connection, beyond, along)
    return near + _places_by_blocks(connection, beyond, last_seq, checked=reach.checked)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Logs of one block that may be wanted, none of them before `first` in the order."""

    first: LogPlace
    first_seq: int
    bits: int

    @property
    def seqs(self) -> list[int]:
        """Their numbers: made when they are looked at, since most blocks never are."""
        return [self.first_seq + place for place in places_in(self.bits)]


def _places_by_blocks(
    connection: Connection, asked: Asked, last_seq: int, *, checked: int
) -> list[LogPlace]:
    """The places that are asked for: of the logs beyond this number, and by blocks of the others.

    What may be wanted is looked at in the order of the blocks, until no later one can have a place
    before those that were found.
    """
    span = asked.span
    found = in_order(places_among(connection, asked, _LOGS.seq > last_seq), span)
    for some in _batches(_candidates(connection, asked, last_seq), checked):
        if len(found) >= span.most and span.has_before(found[-1], some[0].first):
            break
        seqs = [seq for each in some for seq in each.seqs]
        found = in_order(found + places_among(connection, asked, _LOGS.seq.in_(seqs)), span)
    return found


def _batches(candidates: Sequence[_Candidates], most: int) -> Iterator[list[_Candidates]]:
    """The candidates, a few blocks at a time: so many logs, and those that their block adds."""
    some: list[_Candidates] = []
    count = 0
    for each in candidates:
        some.append(each)
        count += each.bits.bit_count()
        if count >= most:
            yield some
            some, count = [], 0
    if some:
        yield some


def _candidates(connection: Connection, asked: Asked, last_seq: int) -> list[_Candidates]:
    """What may be wanted by its blocks, in the order of the earliest place that a block can have.

    Changes of metadata are read first: those that are taken up meanwhile are in the bits.
    """
    amended = amended_seqs(connection, last_seq)
    blocks = connection.execute(select(LOG_BLOCKS).where(*_in_time(connection, asked))).all()
    if not blocks:
        return []
    keys = [[_key(asked.whose, term) for term in group] for group in asked.groups]
    firsts = [each.first_seq for each in blocks]
    which = LOG_BITS.c.first_seq.between(min(firsts), max(firsts))
    bits = read_bits(connection, {key for group in keys for key in group}, which)
    found = []
    for block in blocks:
        first_seq = block.first_seq
        which_may = may_have(bits.get(first_seq, {}), keys)
        changed = bisect_left(amended, first_seq), bisect_right(amended, block.last_seq)
        for seq in amended[slice(*changed)]:
            which_may |= 1 << (seq - first_seq)
        if which_may:
            found.append(_Candidates(_first(block, asked.span), first_seq, which_may))
    is_desc = asked.span.order == "desc"
    return sorted(found, key=lambda each: each.first, reverse=is_desc)


def _first(block: Row[tuple[int, int, int, int]], span: LogSpan) -> LogPlace:
    if span.order == "desc":
        return LogPlace(block.last_created, block.last_seq)
    return LogPlace(block.first_created, block.first_seq)


def _key(whose: tuple[str, LogKind], term: Term) -> int:
    """The key of the term as the database has it, since blocks are made of what is there."""
    project_id, kind = whose
    there = Term(plain_text(term.field), plain_text(term.value))
    return term_key(plain_text(project_id), kind, there)


def _in_time(connection: Connection, asked: Asked) -> list[ColumnElement[bool]]:
    """Blocks that a log can be in which is asked for: none is from before the oldest there is.

    Blocks go on to name logs that were deleted, and of a project the oldest are deleted first.
    """
    project_id, kind = asked.whose
    wanted, span = asked.wanted, asked.span
    mine = (_LOGS.project_id == project_id, _LOGS.kind == kind)
    oldest = connection.scalar(select(func.min(_LOGS.created)).where(*mine))
    is_asc = span.order == "asc"
    bounds = (span.since, span.after if is_asc else None, None if is_asc else span.after)
    since, after, before = (None if each is None else each.created for each in bounds)
    lower = (oldest, wanted.created_after, since, after)
    upper = (wanted.created_before, before)
    conditions = [_BLOCKS.last_created >= each for each in lower if each is not None]
    conditions += [_BLOCKS.first_created <= each for each in upper if each is not None]
    if span.last_seq is not None:
        conditions.append(_BLOCKS.first_seq <= span.last_seq)
    return conditions
