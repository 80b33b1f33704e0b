"""Objects put down and taken up again; the order is ours."""

from evald.adapters.archive.spool import Spool
from evald.domain.archive.kinds import Kind
from evald.ports.archive_source import ArchivedLine


def line(text: str, *parents: str) -> ArchivedLine:
    return ArchivedLine(f"place of {text}", parents, text.encode())


def test_lines_come_back_as_they_were_put() -> None:
    lines = [line('{\n"a": "ä"\n}', "eval_1", ""), line("")]

    with Spool() as spool:
        for each in lines:
            spool.put(Kind.OUTPUT_ITEMS, each, rank=None)

        assert list(spool.lines(Kind.OUTPUT_ITEMS)) == lines
        assert list(spool.lines(Kind.OUTPUT_ITEMS)) == lines
        assert list(spool.lines(Kind.RUNS)) == []


def test_lines_come_by_rank_and_those_of_one_rank_as_they_were_put() -> None:
    with Spool() as spool:
        for number, rank in enumerate([3, 1, 2, 1, 3]):
            spool.put(Kind.EVALS, line(str(number)), rank=rank)
            spool.put(Kind.RUNS, line(f"run {number}"), rank=-rank)

        assert [each.text for each in spool.lines(Kind.EVALS)] == [b"1", b"3", b"2", b"0", b"4"]
        assert [each.text for each in spool.lines(Kind.RUNS)][-1] == b"run 3"
