"""What one call of a python grader may use, and how many run at once."""

import os
from dataclasses import dataclass, field

from evald.adapters.sandbox.inside.order import Bounds

GIB = 1_073_741_824
LONGEST_S = 120.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a call, how many calls run at once, and after how many idle seconds all ends.

    `scratch_of_all_bytes` is what the calls at work may have written together.

    Source: OpenAI, "Graders" guide: 2 minutes, 2 GB of memory, 1 GB of disk, 2 processors.
    """

    bounds: Bounds = field(default_factory=lambda: Bounds(2 * GIB, GIB, LONGEST_S))
    at_once: int = field(default_factory=lambda: 2 * (os.cpu_count() or 1))
    idle_s: float = 60.0
    scratch_of_all_bytes: int = GIB
