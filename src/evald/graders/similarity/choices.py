"""What an operator can choose about similarity, where the hosted service's choice is unknown."""

from dataclasses import dataclass
from typing import Literal

FuzzyFunction = Literal[
    "wratio",
    "qratio",
    "ratio",
    "partial_ratio",
    "token_ratio",
    "token_sort_ratio",
    "token_set_ratio",
    "partial_token_ratio",
    "partial_token_sort_ratio",
    "partial_token_set_ratio",
]
FuzzyProcessor = Literal["default_process", "none"]


@dataclass(frozen=True, slots=True)
class FuzzyChoice:
    """Which function of rapidfuzz `fuzzy_match` is, and what texts go through before it.

    Source: ours; the one call of rapidfuzz in OpenAI's documentation is
    `fuzz.WRatio(…, processor=utils.default_process)`, in an example of a python grader.
    """

    function: FuzzyFunction = "wratio"
    processor: FuzzyProcessor = "default_process"


DEFAULT_FUZZY = FuzzyChoice()
