"""Which SQL keeps blocks of logs: how they are made, amended and taken away."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    column,
    delete,
    exists,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as insert_or

from evald.adapters.sql.postgresql import lock_words
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import LOG_AMENDMENTS, LOG_BITS, LOG_BLOCKS, LOG_TERMS, LOGS
from evald.domain.logs.blocks import (
    LogBlock,
    LogFrontier,
    bits_of_block,
    key_for,
    shared_key,
    term_key,
)
from evald.domain.logs.terms import Term

_LOGS = LOGS.c
_TERMS = LOG_TERMS.c
_BLOCKS = LOG_BLOCKS.c
_BITS = LOG_BITS.c
_AMENDMENTS = LOG_AMENDMENTS.c

# Whoever inserts takes this lock before any number, and has it until the transaction ends.
_WRITERS: Final = text(
    "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' "
    "AND mode = 'RowExclusiveLock' AND relation = CAST('logs' AS regclass) "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
).columns(column("virtualtransaction"))


class SqlLogBlockTable:
    """Blocks of logs in tables. Fulfils `evald.ports.log_blocks.LogBlockTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def frontier(self) -> LogFrontier:
        """How far logs are there.

        SQLite lets one write at a time, so that no log comes after one with a higher number.
        """
        connection = self.session.connection
        last_seq = connection.scalar(select(func.max(_LOGS.seq))) or 0
        is_amended = connection.scalar(_amended(last_block_seq(connection)).limit(1)) is not None
        if connection.dialect.name != "postgresql":
            return LogFrontier(last_seq, is_amended=is_amended)
        # After the number: who is not writing any more now has brought what it had below it.
        writers = frozenset(connection.scalars(_WRITERS))
        return LogFrontier(last_seq, writers, is_amended)

    @in_thread
    def next_block(self, *, last_seq: int, length: int) -> LogBlock | None:
        """The block of this many numbers beyond the last one; None until the logs reach its end."""
        connection = self.session.connection
        beyond = _LOGS.seq > last_block_seq(connection)
        first = connection.scalar(select(func.min(_LOGS.seq)).where(beyond))
        if first is None or first + length - 1 > last_seq:
            return None
        last = first + length - 1
        times = select(func.min(_LOGS.created), func.max(_LOGS.created))
        began, ended = connection.execute(times.where(_LOGS.seq.between(first, last))).one()
        having: dict[int, list[int]] = {}
        for key, seq in _keys(connection, _TERMS.log_seq.between(first, last)):
            having.setdefault(key, []).append(seq - first)
        return LogBlock(first, last, began, ended, bits_of_block(having))

    @in_thread
    def insert(self, block: LogBlock) -> bool:
        """The block is kept; False where another process was sooner."""
        connection = self.session.connection
        _lock(connection)
        if last_block_seq(connection) >= block.first_seq:
            return False
        values = {each.name: getattr(block, each.name) for each in LOG_BLOCKS.columns}
        connection.execute(insert(LOG_BLOCKS).values(values))
        _write(connection, {(key, block.first_seq): bits for key, bits in block.bits.items()})
        return True

    @in_thread
    def amend(self, *, most: int) -> int:
        """Blocks say what logs are found by since their metadata changed; of how many changes."""
        connection = self.session.connection
        _lock(connection)
        changes = _amended(last_block_seq(connection)).order_by(_AMENDMENTS.number).limit(most)
        found = connection.execute(changes).all()
        if not found:
            return 0
        seqs = sorted({each.log_seq for each in found})
        _write(connection, _amended_bits(connection, seqs))
        numbers = [each.number for each in found]
        connection.execute(delete(LOG_AMENDMENTS).where(_AMENDMENTS.number.in_(numbers)))
        return len(found)

    @in_thread
    def delete_empty(self) -> int:
        """Blocks of which no log is left are gone, but for the last; returns how many."""
        connection = self.session.connection
        _lock(connection)
        some = select(1).where(_LOGS.seq.between(_BLOCKS.first_seq, _BLOCKS.last_seq))
        # The last one says how far there are blocks.
        is_empty = (~exists(some), _BLOCKS.last_seq < last_block_seq(connection))
        gone = list(connection.scalars(select(_BLOCKS.first_seq).where(*is_empty)))
        if gone:
            connection.execute(delete(LOG_BITS).where(_BITS.first_seq.in_(gone)))
            connection.execute(delete(LOG_BLOCKS).where(_BLOCKS.first_seq.in_(gone)))
        return len(gone)


def last_block_seq(connection: Connection) -> int:
    """The last number that a block is about; 0 where there is none."""
    return connection.scalar(_LAST) or 0


def amended_seqs(connection: Connection, last_seq: int) -> list[int]:
    """The logs up to this number that may have terms which their block does not say, ascending."""
    seqs = select(_AMENDMENTS.log_seq).where(_AMENDMENTS.log_seq <= last_seq).distinct()
    return sorted(connection.scalars(seqs))


def read_bits(
    connection: Connection, keys: Collection[int], blocks: ColumnElement[bool]
) -> dict[int, dict[int, int]]:
    """The bits of these keys and of the shared ones they may stand under, by block, by key."""
    asked = {*keys, *map(shared_key, keys)}
    found: dict[int, dict[int, int]] = defaultdict(dict)
    rows = select(LOG_BITS).where(_BITS.term.in_(sorted(asked)), blocks)
    for key, first_seq, bits in connection.execute(rows):
        found[first_seq][key] = int.from_bytes(bits, "little")
    return found


_LAST: Final = select(func.max(_BLOCKS.last_seq))


def _lock(connection: Connection) -> None:
    """No other process changes blocks meanwhile: bits are read, and written with more of them."""
    lock_words(connection, "log blocks")


def _amended(last_seq: int) -> Select[tuple[int, int]]:
    return select(LOG_AMENDMENTS).where(_AMENDMENTS.log_seq <= last_seq)


def _keys(connection: Connection, which: ColumnElement[bool]) -> Iterable[tuple[int, int]]:
    """The key of each term that these logs have, and the log's number."""
    terms = select(
        _TERMS.project_id, _TERMS.kind, _TERMS.field, _TERMS.value, _TERMS.log_seq
    ).where(which)
    known: dict[tuple[str, ...], int] = {}
    for project_id, kind, field, value, seq in connection.execute(terms):
        words = (project_id, kind, field, value)
        key = known.get(words)
        if key is None:
            key = known[words] = term_key(project_id, kind, Term(field, value))
        yield key, seq


def _amended_bits(connection: Connection, seqs: Sequence[int]) -> dict[tuple[int, int], int]:
    """The bits of the blocks of these logs that change, with what they are found by now."""
    reaching = (_BLOCKS.first_seq <= seqs[-1], _BLOCKS.last_seq >= seqs[0])
    blocks = select(_BLOCKS.first_seq).where(*reaching).order_by(_BLOCKS.first_seq)
    firsts = list(connection.scalars(blocks))
    terms = [
        (key, seq, firsts[bisect_right(firsts, seq) - 1])
        for key, seq in _keys(connection, _TERMS.log_seq.in_(seqs))
    ]
    theirs = sorted({first for _, _, first in terms})
    kept = read_bits(connection, {key for key, _, _ in terms}, _BITS.first_seq.in_(theirs))
    changed: dict[tuple[int, int], int] = {}
    for key, seq, first in terms:
        bits = kept[first]
        kept_as = key_for(bits, key)
        bits[kept_as] = changed[kept_as, first] = bits.get(kept_as, 0) | 1 << (seq - first)
    return changed


def _write(connection: Connection, bits: dict[tuple[int, int], int]) -> None:
    rows = [
        {
            "term": key,
            "first_seq": first,
            "bits": each.to_bytes(-(-each.bit_length() // 8), "little"),
        }
        for (key, first), each in sorted(bits.items())
    ]
    if rows:
        connection.execute(_PUT, rows)


def _putting() -> Insert:
    first = insert_or(LOG_BITS)
    return first.on_conflict_do_update(
        index_elements=[_BITS.term, _BITS.first_seq], set_={"bits": first.excluded.bits}
    )


_PUT: Final = _putting()
