"""The moves between the states of a run."""

from typing import get_args

import pytest

from evald.domain.run_status import has_ended, may_move
from evald.wire.runs import RunStatus

ENDED = {"completed", "failed", "canceled"}


@pytest.mark.parametrize("status", get_args(RunStatus))
def test_only_three_states_are_final(status: RunStatus) -> None:
    assert has_ended(status) == (status in ENDED)


@pytest.mark.parametrize("status", sorted(ENDED))
def test_nothing_leaves_a_final_state(status: RunStatus) -> None:
    assert not any(may_move(status, other) for other in get_args(RunStatus))


def test_a_run_completes_only_once_it_was_in_progress() -> None:
    assert may_move("in_progress", "completed")
    assert not may_move("queued", "completed")
