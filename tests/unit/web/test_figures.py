from typing import get_args

import pytest

from evald.web.figures import RUN_SIGNS, rated, run_sign
from evald.wire.runs import RunStatus


def test_a_rate_has_its_counts_and_wilsons_interval() -> None:
    rate = rated(8, 2, errored=5)

    assert (rate.passed, rate.graded, rate.errored, rate.rate, rate.level) == (8, 10, 5, 0.8, 0.95)
    assert rate.low == pytest.approx(0.4902, abs=1e-4)
    assert rate.high == pytest.approx(0.9433, abs=1e-4)


def test_of_nothing_there_is_no_rate_and_no_interval() -> None:
    rate = rated(0, 0, errored=3)

    assert (rate.rate, rate.low, rate.high) == (None, None, None)


def test_every_status_of_a_run_has_a_sign_of_its_own() -> None:
    assert list(RUN_SIGNS) == list(get_args(RunStatus))
    assert len({each.glyph for each in RUN_SIGNS.values()}) == len(RUN_SIGNS)


def test_a_status_that_only_its_source_knew_is_shown_as_a_word() -> None:
    status: RunStatus = "paused_there"  # type: ignore[assignment]

    assert run_sign(status).word == "paused there"
