"""Every attack gets through without the walls, and does not behind them."""

from typing import Any

import pytest

from evald.ports.sandbox import CallFailed, CallScored
from tests.sandbox.attacks import ATTACKS, DENIED_SOMEWHERE
from tests.sandbox.runners import Outcome, is_denied_to_everybody


@pytest.mark.parametrize("attack", ATTACKS)
def test_without_walls_it_gets_through(
    attack: str, without_walls: dict[str, Outcome], prey: dict[str, Any]
) -> None:
    """An attack that would fail anyway proves nothing of a wall."""
    outcome = without_walls[attack]
    why = None if isinstance(outcome, CallScored) else DENIED_SOMEWHERE.get(attack)
    if why and is_denied_to_everybody(ATTACKS[attack], prey):
        pytest.skip(f"This machine refuses it without walls too. {why}")

    assert isinstance(outcome, CallScored), outcome
    assert outcome.score == 1.0


@pytest.mark.parametrize("attack", ATTACKS)
def test_behind_walls_it_is_refused(attack: str, behind_walls: dict[str, Outcome]) -> None:
    outcome = behind_walls[attack]

    assert isinstance(outcome, CallFailed), outcome
    assert outcome.missing is None
