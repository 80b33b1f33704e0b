"""What graders work with in tests: a scripted model, threads, and all the time they need."""

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import Script, ScriptedModel
from evald.adapters.sandbox.refusing import NoSandbox
from evald.adapters.threads import ThreadCpu
from evald.adapters.wordnet.synonyms import WordNet
from evald.graders.tools import GraderTools, SimilarityTools
from evald.ports.embeddings import Embedder
from evald.ports.model import ModelClient
from evald.ports.sandbox import Sandbox
from tests.support.similarity import ListedVectors, OnTheSpot

DEADLINE_S = 60.0


def grader_tools(
    script: Script = (),
    *,
    model: ModelClient | None = None,
    embedder: Embedder | None = None,
    sandbox: Sandbox | None = None,
) -> GraderTools:
    """Tools whose model says the lines of this script, or is the one given.

    What is to be computed apart is computed on the spot; without a sandbox, no code runs.
    """
    clock = SystemClock()
    return GraderTools(
        model=ScriptedModel(script, clock) if model is None else model,
        cpu=ThreadCpu(),
        similarity=SimilarityTools(
            apart=OnTheSpot(), embedder=embedder or ListedVectors({}), synonyms=WordNet()
        ),
        sandbox=sandbox or NoSandbox("This test has no sandbox."),
        deadline=clock.monotonic() + DEADLINE_S,
    )
