"""A finding: what one check of a checkup says."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How good it is. Only a problem keeps evald, or a provider, from doing what it is set to."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and, where something is to be done, what.

    Neither text holds a secret. They may quote names of files and words of foreign programs, with
    whatever characters those hold.
    """

    check: str
    state: State
    message: str
    advice: str = ""
