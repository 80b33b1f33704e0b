"""The operations of second chances, which are ours."""

from evald.http.operation import Operation
from evald.http.routes import second_chances
from evald.wire.runs import Run
from evald.wire.second_chances import RegradeRequest

RUN = "/v1/evald/runs/{run_id}"

SECOND_CHANCE_OPERATIONS = [
    Operation("retryRun", "POST", RUN + "/retry", second_chances.retry_run, gives=Run),
    Operation("resumeRun", "POST", RUN + "/resume", second_chances.resume_run, gives=Run),
    Operation(
        "regradeRun",
        "POST",
        RUN + "/regrade",
        second_chances.regrade_run,
        takes=RegradeRequest,
        gives=Run,
        status=201,
    ),
]
