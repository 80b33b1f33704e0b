"""Who is ended when all calls together have too much scratch."""

from evald.adapters.sandbox.scratch_sum import ScratchSum


def test_the_largest_is_ended_until_the_rest_fits() -> None:
    ended: list[int] = []
    scratch = ScratchSum(10)

    scratch.tell({1: 3, 2: 7}, ended.append)
    assert ended == []
    scratch.tell({3: 5, 4: 6}, ended.append)

    assert ended == [2, 4]


def test_one_that_is_ended_is_not_counted_while_it_dies() -> None:
    ended: list[int] = []
    scratch = ScratchSum(10)

    scratch.tell({1: 3, 2: 9}, ended.append)
    scratch.tell({1: 3, 2: 9}, ended.append)

    assert ended == [2]


def test_what_is_over_counts_no_more() -> None:
    ended: list[int] = []
    scratch = ScratchSum(10)

    scratch.tell({1: 9}, ended.append)
    scratch.forget(1)
    scratch.tell({2: 9}, ended.append)

    assert ended == []


def test_each_is_ended_by_whom_it_belongs_to() -> None:
    here: list[int] = []
    there: list[int] = []
    scratch = ScratchSum(10)

    scratch.tell({1: 9}, here.append)
    scratch.tell({2: 4}, there.append)

    assert (here, there) == ([1], [])
