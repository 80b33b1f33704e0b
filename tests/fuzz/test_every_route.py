"""Every route, asked for what its wire types say and for what they do not: no 5xx, nobody waits.

Rests on: ours. What a request makes, later ones name; the answers are as our OpenAPI document says.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from evald.http.app import OPERATIONS
from evald.http.operation import Operation
from tests.fuzz.asks import asks
from tests.fuzz.campaign import Campaign
from tests.support.raw_client import Ask

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_DELETIONS = [operation for operation in OPERATIONS if operation.method == "DELETE"]
_OTHERS = [operation for operation in OPERATIONS if operation.method != "DELETE"]
_IN_ORDER = [*_OTHERS, *reversed(_DELETIONS)]
"""So that there is something to read, and runs are deleted before all evals are."""


@pytest.mark.parametrize("operation", _IN_ORDER, ids=lambda operation: operation.id)
def test_a_route_answers_whatever_it_is_asked(
    operation: Operation, campaign: Campaign, examples: int, fuzz_seed: int
) -> None:
    @seed(fuzz_seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(asks(operation, campaign))
    def examine(asked: tuple[Ask, bool]) -> None:
        ask, is_plain = asked
        campaign.ask(operation.id, ask, is_plain=is_plain)

    examine()
