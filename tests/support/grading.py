"""What graders work with in tests: a scripted model, threads, and all the time they need."""

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import Script, ScriptedModel
from evald.adapters.threads import ThreadCpu
from evald.graders.tools import GraderTools

DEADLINE_S = 60.0


def grader_tools(script: Script = ()) -> GraderTools:
    """Tools whose model says the lines of this script."""
    clock = SystemClock()
    return GraderTools(
        model=ScriptedModel(script, clock),
        cpu=ThreadCpu(),
        deadline=clock.monotonic() + DEADLINE_S,
    )
