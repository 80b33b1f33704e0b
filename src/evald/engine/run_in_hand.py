"""A run as this process works on it: everything its rows share."""

import asyncio
from dataclasses import replace
from math import inf

from evald.domain.item_schema import ItemSchema, compile_item_schema
from evald.engine.context import EngineContext
from evald.engine.recorder import Recorder
from evald.engine.refusals import RefusalWatch
from evald.graders.asked_models import models_asked
from evald.graders.call_plan import CallPlans
from evald.graders.tools import GraderTools
from evald.ports.kept import StoredRun
from evald.sampling.attachments import ModelWithFiles, ProjectFiles
from evald.sampling.request import RequestPlan, plan_of
from evald.wire.criteria import TestingCriterion
from evald.wire.data_source_configs import item_schema_of
from evald.wire.data_sources import (
    EvaldRunSource,
    ResponsesSource,
    StoredCompletionsSource,
    read_data_source,
)
from evald.wire.evals import Eval

JSONL_WINDOW = 64
"""Rows at once where no model is asked."""


class RunInHand:
    """One run's compiled parts, its window of rows in flight, its recorder, and its end.

    `window` bounds the rows in flight, over all shards of the run: twice what the providers of its
    models, graders' ones too, take at once, so that none of them waits for us and the rows waiting
    for one stay few. `asked` is who is asked, for samples and by graders alike: `model`,
    with the files that a request names. `stored` is the run as it was when it was taken in hand.
    """

    def __init__(self, context: EngineContext, run: StoredRun, an_eval: Eval) -> None:
        """Takes the run in hand."""
        self.context = context
        self.stored = run
        self.id = run.id
        self.chance = run.chance
        self.blob_id = run.rows.blob_id
        data_source = read_data_source(run.data_source)
        self.is_logged = isinstance(data_source.source, StoredCompletionsSource | ResponsesSource)
        self.is_regraded = isinstance(data_source.source, EvaldRunSource)
        self.model_name = run.model
        self.criteria: list[TestingCriterion] = an_eval.testing_criteria
        self.schema: ItemSchema = compile_item_schema(item_schema_of(an_eval.data_source_config))
        self.request_plan: RequestPlan | None = plan_of(data_source)
        answered = run.tally.passed + run.tally.failed > 0
        self.model = RefusalWatch(context.model, already_answered=answered)
        self.asked = ModelWithFiles(self.model, ProjectFiles(context, run.project_id))
        self.recorder = Recorder(context.store, context.clock, run.id, chance=run.chance)
        self.window_rows = self._window_rows()
        self.window = asyncio.Semaphore(self.window_rows)
        self.stopped = asyncio.Event()
        self.changed = asyncio.Event()
        self.open_shards: set[int] = set()
        self.shards_worked_on: set[int] = set()
        self._rows: set[asyncio.Task[None]] = set()
        self._tools = replace(context.grader_tools(inf), model=self.asked, call_plans=CallPlans())

    def grader_tools(self, deadline: float) -> GraderTools:
        """What the graders of a row work with, until this moment of the monotonic clock."""
        return replace(self._tools, deadline=deadline)

    def _window_rows(self) -> int:
        models = {model for each in self.criteria for model in models_asked(each.grader)}
        if self.request_plan is not None:
            models.add(self.request_plan.model)
        return 2 * self.context.concurrency_of(models) if models else JSONL_WINDOW

    def track(self, row: asyncio.Task[None]) -> None:
        """The row is in flight until its task is done."""
        self._rows.add(row)
        row.add_done_callback(self._rows.discard)

    def rows_in_flight(self) -> int:
        """How many rows are being worked on."""
        return len(self._rows)

    def close_shard(self, number: int) -> None:
        """The shard is worked on no longer."""
        self.open_shards.discard(number)
        self.changed.set()

    def stop(self) -> None:
        """No further row begins, and the rows in flight are canceled."""
        self.stopped.set()
        self.changed.set()
        for row in list(self._rows):
            row.cancel()
