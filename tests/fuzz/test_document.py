"""What schemathesis makes of our OpenAPI document: values that it allows, and values it forbids.

Rests on: ours. Most paths name what is there, so that not everything ends in a 404.
"""

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from evald.http.app import OPERATIONS
from tests.fuzz.campaign import Campaign
from tests.support.raw_client import Ask

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SHARE = 20
"""Of so many requests to a route, one is of schemathesis, which takes its time over each."""

_SKIPPED_HEADERS = {"user-agent", "x-schemathesis-testcaseid", "content-length", "connection"}
_LEFT_OUT = {"healthz", "readyz", "openapi", "metrics", "createImport", "importLogs"}
"""They take nothing, or bytes of which the document cannot say more."""


@pytest.mark.parametrize(
    "operation_id",
    [each.id for each in OPERATIONS if each.id not in _LEFT_OUT and each.method != "DELETE"],
)
def test_a_route_answers_what_its_document_allows_and_what_it_forbids(
    operation_id: str, campaign: Campaign, examples: int, fuzz_seed: int
) -> None:
    described = _without_security(campaign.document).find_operation_by_id(operation_id)
    allowed = described.as_strategy()
    forbidden = described.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

    @seed(fuzz_seed)
    @settings(
        max_examples=max(3, examples // SHARE),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(allowed | forbidden, st.integers(0, 1_000))
    def examine(case: Any, number: int) -> None:
        is_plain = number % 4 > 0
        if is_plain:
            _name_what_is_there(case, campaign, number)
        campaign.ask(operation_id, _ask_of(case), is_plain=is_plain)

    examine()


def _without_security(document: dict[str, Any]) -> Any:
    """The document for somebody whose key is always sent."""
    components = {"schemas": document["components"]["schemas"]}
    bare = {name: value for name, value in document.items() if name != "security"}
    return schemathesis.openapi.from_dict({**bare, "components": components})


def _name_what_is_there(case: Any, campaign: Campaign, number: int) -> None:
    eval_id, run_id, item_id = campaign.place(number)
    there = {"eval_id": eval_id, "run_id": run_id, "output_item_id": item_id}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = there.get(name) or campaign.pick(name, number)


def _ask_of(case: Any) -> Ask:
    """The request as the library `requests` would send it, but for headers that it cannot."""
    try:
        prepared = requests.Request(
            **case.as_transport_kwargs(base_url="http://127.0.0.1")
        ).prepare()
    except (requests.exceptions.RequestException, UnicodeError):
        assume(False)
    headers = [
        (name, value.encode("latin-1", "replace") if isinstance(value, str) else value)
        for name, value in prepared.headers.items()
        if name.lower() not in _SKIPPED_HEADERS
    ]
    body = prepared.body or b""
    raw = body.encode() if isinstance(body, str) else body
    assert isinstance(raw, bytes)
    return Ask(str(prepared.method), prepared.path_url, tuple(headers), raw)
