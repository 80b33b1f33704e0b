"""Second chances: what grades a run's items anew. Ours."""

from pydantic import Field

from evald.wire.base import Metadata, WireModel
from evald.wire.graders import MAX_GRADERS, Grader


class RegradeRequest(WireModel):
    """The body of POST /v1/evald/runs/{run_id}/regrade: by which criteria, and what it is called.

    One of `testing_criteria`, of which an eval is made, and `eval_id`, an eval there is.
    """

    testing_criteria: list[Grader] | None = Field(
        default=None, min_length=1, max_length=MAX_GRADERS
    )
    eval_id: str | None = None
    name: str | None = None
    metadata: Metadata | None = None
