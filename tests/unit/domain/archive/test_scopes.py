"""Which 401 says that the key is bad. The sentences are observed."""

import pytest

from evald.domain.archive.scopes import lacks_scope

MISSING = (
    "You have insufficient permissions for this operation. Missing scopes: api.evals.read. Check "
    "that you have the correct role in your organization."
)


@pytest.mark.parametrize(
    ("status", "message", "lacks"),
    [
        (401, MISSING, True),
        (401, "Incorrect API key provided: sk-xxxx.", False),
        (401, "You didn't provide an API key.", False),
        (403, MISSING, False),
        (None, MISSING, False),
    ],
)
def test_a_key_without_a_right_is_told_from_a_bad_one(
    status: int | None, message: str, lacks: bool
) -> None:
    assert lacks_scope(status, message) is lacks
