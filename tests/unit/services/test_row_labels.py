"""Which cluster each item of a run is in, as far as it was read."""

from dataclasses import replace

import pytest
from pydantic import JsonValue

from evald.domain.clustered_pairs import UNCLUSTERED
from evald.domain.item_filters import read_field
from evald.domain.tally import Tally
from evald.services.row_labels import ROW_BYTES, VALUE_BYTES, LabelMemory, RowLabels
from tests.support.kept_runs import item_of, run_named

DESK = read_field("item.desk", param="cluster_by")
RUN = run_named("One", status="completed")


def labelled(*items: JsonValue, step: int = 1) -> RowLabels:
    labels = RowLabels(DESK)
    for row, item in enumerate(items):
        labels.add(labels.read([item_of(step * row, item=item)]))
    return labels


def test_items_of_one_value_are_one_cluster_and_so_are_those_without_the_field() -> None:
    labels = labelled({"desk": "a"}, {}, {"desk": "b"}, {"desk": "a"}, {"other": 1}, {"desk": None})

    assert labels.of(range(6)) == [0, 1, 2, 0, 1, 3]
    assert (labels.value_count, labels.searched, labels.row, labels.has_field) == (4, 6, 5, True)


def test_a_row_that_was_not_read_is_in_no_cluster() -> None:
    labels = labelled({"desk": "a"}, {"desk": "b"}, step=10)

    assert labels.of([10, 0, 5, 11, -1]) == [1, 0, UNCLUSTERED, UNCLUSTERED, UNCLUSTERED]


def test_no_item_has_a_field_that_none_has() -> None:
    assert not labelled({"other": "a"}, {}).has_field


@pytest.mark.parametrize(
    "changed",
    [replace(RUN, id="evalrun_other"), replace(RUN, chance=1), replace(RUN, tally=Tally(passed=1))],
)
def test_labels_are_those_of_the_run_as_it_is(changed: object) -> None:
    memory = LabelMemory()

    labels = memory.labels(RUN, DESK)

    assert memory.labels(RUN, DESK) is labels
    assert memory.labels(changed, DESK) is not labels  # type: ignore[arg-type]
    assert memory.labels(RUN, read_field("item.other", param="cluster_by")) is not labels


def test_what_was_asked_for_longest_ago_is_forgotten_but_never_the_last() -> None:
    memory = LabelMemory(most_bytes=VALUE_BYTES)
    other = read_field("item.other", param="cluster_by")
    for field in (DESK, other):
        labels = memory.labels(RUN, field)
        labels.add(labels.read([item_of(0, item={"desk": "a"})]))
    assert memory.size == 2 * (ROW_BYTES + VALUE_BYTES)

    memory.forget_some()

    assert memory.size == ROW_BYTES + VALUE_BYTES
    assert memory.labels(RUN, other).searched == 1
