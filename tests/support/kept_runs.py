"""Evals, runs and items as they are kept, for tests of whatever reads them."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from evald.adapters.sandbox.refusing import NoSandbox
from evald.adapters.threads import ThreadCpu
from evald.domain.item_verdicts import read_verdicts
from evald.domain.tally import CriterionCount, Tally, Usage
from evald.ports.kept import Rows, StoredOutputItem, StoredRun
from evald.ports.store import Store
from evald.services.context import Context
from evald.services.keys import DEFAULT_PROJECT
from evald.services.log_keeper import LogKeeper
from evald.services.run_watch import RunWatch
from evald.wire.criteria import TestingCriterion
from evald.wire.data_source_configs import CustomConfig, config_json
from evald.wire.errors import ApiError
from evald.wire.evals import Eval
from evald.wire.graders import ScoreModelGrader, StringCheckGrader
from evald.wire.ids import FILE_PREFIX, IdPrefix
from evald.wire.output_items import OutputItemStatus
from tests.support.new_store import open_new_store

NOW = 1_750_000_000
EVAL_ID = f"{IdPrefix.EVAL}{1:032x}"
RUN_ID = f"{IdPrefix.RUN}{2:032x}"
CORRECT = "Right category-00000000-0000-4000-8000-000000000001"
POLITE = "Polite-00000000-0000-4000-8000-000000000002"
LIMITED = ApiError(code="rate_limit_exceeded", message="Too many requests.")


class StillClock:
    """A clock that stands until a test moves it. Fulfils `evald.ports.clock.Clock`."""

    def __init__(self, at: int = NOW) -> None:
        self.at = at
        self._ids = 0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return float(self.at)

    async def sleep(self, seconds: float) -> None:
        self.at += int(seconds)

    def jitter(self) -> float:
        return 0.5

    def new_id(self, prefix: IdPrefix) -> str:
        return f"{prefix}{self.at:08x}{self._next():024x}"

    def new_file_id(self) -> str:
        return f"{FILE_PREFIX}{self._next():022}"

    def new_uuid(self) -> str:
        return f"00000000-0000-4000-8000-{self._next():012x}"

    def _next(self) -> int:
        self._ids += 1
        return self._ids


class Unneeded:
    """A port that whatever is tested has no business with."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


@asynccontextmanager
async def opened_context(
    folder: Path, *, public_url: str = "http://evald.test"
) -> AsyncIterator[Context]:
    """A context over a new database in this folder."""
    store = await open_new_store(folder / "evald.sqlite3")
    unneeded: Any = Unneeded()
    try:
        yield Context(
            store=store,
            blobs=unneeded,
            clock=StillClock(),
            work=unneeded,
            cpu=ThreadCpu(),
            catalog=unneeded,
            grader_tools=unneeded,
            sandbox=NoSandbox("This test has no sandbox."),
            public_url=public_url,
            max_file_bytes=1_000,
            max_row_bytes=1_000,
            archives=unneeded,
            desk=unneeded,
            max_archive_bytes=1_000,
            relays=unneeded,
            logs=LogKeeper(store, StillClock()),
            webhook_tools=unneeded,
            run_watch=RunWatch(store, StillClock()),
            scrape=unneeded,
        )
    finally:
        await store.close()


def eval_named(name: str, *, number: int = 1) -> Eval:
    """An eval with a criterion of each kind that shows its score differently."""
    text = {"type": "message", "role": "user", "content": {"type": "input_text", "text": "Hm?"}}
    schema: dict[str, JsonValue] = {"type": "object"}
    return Eval(
        id=f"{IdPrefix.EVAL}{number:032x}",
        created_at=NOW - 3_600,
        name=name,
        metadata={"team": "support"},
        data_source_config=config_json(CustomConfig(type="custom", item_schema=schema)),
        testing_criteria=[
            TestingCriterion(
                id=CORRECT,
                grader=StringCheckGrader(
                    type="string_check",
                    name="Right category",
                    input="{{ sample.output_text }}",
                    reference="{{ item.label }}",
                    operation="eq",
                ),
            ),
            TestingCriterion(
                id=POLITE,
                grader=ScoreModelGrader.model_validate(
                    {"type": "score_model", "name": "Polite", "model": "gpt-x", "input": [text]}
                ),
            ),
        ],
    )


def run_named(name: str, **changes: Any) -> StoredRun:
    """A queued run of three rows, sampled by a model from a file."""
    values: dict[str, Any] = {
        "id": RUN_ID,
        "project_id": DEFAULT_PROJECT,
        "eval_id": EVAL_ID,
        "created_at": NOW,
        "status": "queued",
        "name": name,
        "model": "gpt-x",
        "metadata": {"branch": "main"},
        "data_source": completions_source("Sort this ticket: {{ item.ticket }}"),
        "rows": Rows("blob_1", inline=False),
        "tally": Tally(criteria={CORRECT: CriterionCount(), POLITE: CriterionCount()}),
    }
    return StoredRun(**{**values, **changes})


def completions_source(prompt: str) -> dict[str, JsonValue]:
    """A data source as a run echoes it."""
    content: JsonValue = {"type": "input_text", "text": prompt}
    template: list[JsonValue] = [{"type": "message", "role": "user", "content": content}]
    return {
        "type": "completions",
        "source": {"type": "file_id", "id": f"{FILE_PREFIX}{3:022}"},
        "input_messages": {"type": "template", "template": template},
        "model": "gpt-x",
        "sampling_params": {"temperature": 0.5},
    }


def item_of(
    row: int,
    *,
    item: JsonValue = None,
    said: Mapping[str, JsonValue] | None = None,
    verdicts: Sequence[Mapping[str, JsonValue]] = (),
    error: ApiError | None = None,
) -> StoredOutputItem:
    """An item; without a sample (`said`) it has an error. Its status follows from its verdicts."""
    problem: JsonValue = None if error is None else {"code": error.code, "message": error.message}
    sample: dict[str, JsonValue] = {"output": [dict(said)] if said else [], "error": problem}
    status = _status(verdicts, error)
    return StoredOutputItem(
        id=f"{IdPrefix.OUTPUT_ITEM}{row + 1:032x}",
        row=row,
        created_at=NOW + row,
        status=status,
        content_hash="00" * 32,
        item_json=json.dumps({} if item is None else item),
        results_json=json.dumps([dict(each) for each in verdicts]),
        sample_json=json.dumps(sample),
        tally=_tally(status, verdicts),
        verdicts=read_verdicts(
            json.dumps([dict(each) for each in verdicts]), {CORRECT: 0, POLITE: 1}
        ),
    )


def verdict(
    criterion_id: str, score: float, *, passed: bool, error: ApiError | None = None
) -> dict[str, JsonValue]:
    """A result as it is kept."""
    result: dict[str, JsonValue] = {"name": criterion_id, "sample": None, "passed": passed}
    result["score"] = score
    if error is not None:
        result["error"] = {"code": error.code, "message": error.message}
    return result


def three_items() -> list[StoredOutputItem]:
    """One item of each outcome: passed, failed, errored."""
    return [
        item_of(
            0,
            item={"ticket": "My mouse is dead.", "label": "Hardware", "priority": 1},
            said={"role": "assistant", "content": "Hardware"},
            verdicts=[verdict(CORRECT, 1.0, passed=True), verdict(POLITE, 0.75, passed=True)],
        ),
        item_of(
            1,
            item={"ticket": "The driver crashes.", "label": "Software", "priority": 2},
            said={"role": "assistant", "content": "Hardware"},
            verdicts=[verdict(CORRECT, 0.0, passed=False), verdict(POLITE, 0.5, passed=True)],
        ),
        item_of(
            2,
            item={"ticket": "Invoice?", "label": "Other", "priority": 3},
            verdicts=[
                verdict(CORRECT, 0.0, passed=False, error=LIMITED),
                verdict(POLITE, 0.0, passed=False, error=LIMITED),
            ],
            error=LIMITED,
        ),
    ]


async def keep_run(store: Store, run: StoredRun, items: Sequence[StoredOutputItem] = ()) -> None:
    """The run is kept, with these items done."""
    async with store.transaction() as tx:
        await tx.runs.insert(run)
        await tx.work.record(run.id, list(items))


async def keep_eval(store: Store, an_eval: Eval) -> None:
    """The eval is kept."""
    async with store.transaction() as tx:
        await tx.evals.insert(DEFAULT_PROJECT, an_eval)


def _status(
    verdicts: Sequence[Mapping[str, JsonValue]], error: ApiError | None
) -> OutputItemStatus:
    if error is not None or any("error" in each for each in verdicts):
        return "error"
    return "pass" if all(each["passed"] for each in verdicts) else "fail"


def _tally(status: OutputItemStatus, verdicts: Sequence[Mapping[str, JsonValue]]) -> Tally:
    is_graded = status != "error" and any(each["name"] == POLITE for each in verdicts)
    usage = Usage(1, prompt_tokens=1_000, completion_tokens=20, total_tokens=1_020)
    by_grader = Usage(1, prompt_tokens=300, completion_tokens=10, total_tokens=310)
    together = usage + by_grader if is_graded else usage
    return Tally(
        passed=int(status == "pass"),
        failed=int(status == "fail"),
        errored=int(status == "error"),
        criteria={str(each["name"]): _count(each) for each in verdicts},
        usage={} if status == "error" else {"gpt-x-2026": together},
        grader_usage={"gpt-x-2026": by_grader} if is_graded else {},
    )


def _count(result: Mapping[str, JsonValue]) -> CriterionCount:
    if "error" in result:
        return CriterionCount(errored=1)
    return CriterionCount(passed=1) if result["passed"] else CriterionCount(failed=1)
