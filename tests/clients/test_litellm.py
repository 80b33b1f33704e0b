"""LiteLLM's evals and files calls, synchronous and asynchronous.

Its evals calls take the address without `/v1`. Its types of runs are not those of OpenAI's
document: whatever shows a run that has begun is refused by LiteLLM itself, here as there.
"""

import json
from typing import Any

import pytest

from tests.clients.claims import shows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LITELLM = ["litellm"]
OWN_TYPES = "served; see below"
FOREIGN_FIELDS = [
    "per_testing_criteria_results.result_counts",
    "per_testing_criteria_results.testing_criteria_index",
]

Told = dict[str, Any]


def parts(told: str, name: str) -> list[Told]:
    """This part of what the synchronous and the asynchronous functions were told."""
    manners = json.loads(told.splitlines()[-1])
    return [manners["sync"][name], manners["async"][name]]


@shows("evals.create", "evals.retrieve", "evals.update", "asynchronous", by=LITELLM)
def test_an_eval_is_made_read_and_changed(told: str) -> None:
    for part in parts(told, "evals"):
        assert part["made"]["name"] == "of LiteLLM"
        assert part["made"]["metadata"] == {"kept": "as it is"}
        assert [each["name"] for each in part["made"]["testing_criteria"]] == ["same"]
        assert part["read"] == part["made"]
        changes = {"name": "renamed", "metadata": {"now": "another"}}
        assert part["changed"] == {**part["made"], **changes}


@shows("evals.list", "evals.delete", by=LITELLM)
def test_evals_are_listed_by_the_page_and_deleted(told: str) -> None:
    for part in parts(told, "evals"):
        assert len(part["page"]["data"]) == 1
        assert part["page"]["has_more"] is True
        assert part["page"]["last_id"] == part["page"]["data"][0]["id"]
        assert all(each["deleted"] for each in part["deleted"])


@shows("files.create", "files.retrieve", "files.list", "files.content", "files.delete", by=LITELLM)
def test_a_file_is_uploaded_read_and_deleted(told: str) -> None:
    for part in parts(told, "files"):
        assert part["read"] == part["made"]
        assert part["made"]["purpose"] == "evals"
        assert part["made"]["id"] in part["listed"]
        assert [json.loads(line)["item"]["prompt"] for line in part["content"].splitlines()] == [
            "a",
            "b",
        ]
        assert part["deleted"]["deleted"] is True


@shows("evals.runs.create", "evals.runs.delete", by=LITELLM)
def test_a_run_is_made_and_deleted(told: str) -> None:
    for part in parts(told, "runs"):
        assert part["made"]["status"] == "queued"
        assert part["made"]["name"] == "first"
        assert part["deleted"] == {
            "object": "eval.run.deleted",
            "deleted": True,
            "run_id": part["made"]["id"],
        }


@shows("evals.runs.retrieve", "evals.runs.list", by=LITELLM, but=OWN_TYPES)
def test_an_ended_run_is_refused_for_fields_that_no_document_has(told: str) -> None:
    """It asks for an index and counts by criterion; documented are an id, passed and failed."""
    for part in parts(told, "runs"):
        assert part["done"]["fields"] == FOREIGN_FIELDS
        assert set(part["listed"]["fields"]) <= {*FOREIGN_FIELDS, "status"}


@shows("a run graded by string_check", by=LITELLM, but=OWN_TYPES)
def test_a_run_is_graded_as_its_refusal_tells(told: str) -> None:
    for part in parts(told, "runs"):
        assert "passed': 1, 'failed': 1}" in part["done"]["message"]


@shows("evals.runs.cancel", by=LITELLM, but=OWN_TYPES)
def test_a_canceled_run_is_refused_for_its_one_l(told: str) -> None:
    """It knows `cancelled` alone; documented is `canceled`."""
    for part in parts(told, "runs"):
        assert part["stopped"]["fields"] == ["status"]
        assert "input_value='canceled'" in part["stopped"]["message"]


@shows("400, 401 and 404 as the client's errors", by=LITELLM)
def test_errors_are_of_litellms_classes_with_our_words(told: str) -> None:
    """Of every `invalid_request_error` but a 401 it makes a BadRequestError of the same status."""
    for part in parts(told, "evals"):
        assert (part["400"]["class"], part["400"]["status"]) == ("BadRequestError", 400)
        assert "testing_criteria" in part["400"]["message"]
        assert (part["401"]["class"], part["401"]["status"]) == ("AuthenticationError", 401)
        assert (part["404"]["class"], part["404"]["status"]) == ("BadRequestError", 404)
        assert "No eval found" in part["404"]["message"]


@shows("429 and 503, tried again", by=LITELLM, but="its errors; it tries nothing again")
def test_a_refused_call_is_an_error_to_catch(told: str) -> None:
    for part in parts(told, "retries"):
        assert part["429"]["class"] == "RateLimitError"
        assert part["503"]["class"] == "ServiceUnavailableError"
