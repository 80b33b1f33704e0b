"""How many grades a second each grader comes to, in one process, as `make bench-graders` prints it.

Each line grades rows for about as long as asked, one after another, with everything around it that
a run has too: filling the templates, the fork by type, the grade. A grader whose work goes to
another process waits for it, so its calls a second are those of one row at a time; its CPU time is
that of both. Code (`python`) is graded for as many rows at once as a run has in hand. On a machine
that is busy with other things, the CPU time is the figure to trust.

`--pairs 100000` instead grades that many rows with each and prints how long it took.
"""

import argparse
import asyncio
import platform
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import get_args

import psutil
from pydantic import JsonValue, TypeAdapter

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import ScriptedModel
from evald.adapters.threads import ThreadCpu
from evald.assembly.sandbox import opened_sandbox
from evald.assembly.similarity import similarity_tools
from evald.domain.template import Variables
from evald.graders.by_type import grade
from evald.graders.grade import Grade
from evald.graders.tools import GraderTools
from evald.settings import Settings
from evald.wire.graders import Grader, SimilarityMetric

WORDS = 50
DISTINCT_ROWS = 1_000
HEADING = f"{'grader':<28}{'calls/s':>10}{'CPU ms/call':>14}{'calls':>10}{'CPU s':>10}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A grader that is measured, on rows of its own, some of them at once."""

    name: str
    grader: Grader
    rows: Sequence[Variables]
    at_once: int = 1


def subjects() -> list[Subject]:
    """What is measured, in the order in which it is printed. New graders are added here."""
    texts = texts_alike()
    return [*_checks(texts), *_similarities(texts), *_models(texts), *_codes(texts)]


def _checks(rows: Sequence[Variables]) -> list[Subject]:
    fields: dict[str, JsonValue] = {"type": "string_check", **_TEMPLATES}
    return [Subject("string_check", a_grader(**fields, operation="ilike"), rows)]


def _similarities(rows: Sequence[Variables]) -> list[Subject]:
    fields: dict[str, JsonValue] = {"type": "text_similarity", "pass_threshold": 0.5, **_TEMPLATES}
    metrics: tuple[SimilarityMetric, ...] = get_args(SimilarityMetric)
    return [
        Subject(f"text_similarity {metric}", a_grader(**fields, evaluation_metric=metric), rows)
        for metric in metrics
    ]


def _models(rows: Sequence[Variables]) -> list[Subject]:
    """Graders whose model answers at once: what is measured is all that is not the provider."""
    said = "{{ item.expected }} or {{ sample.output_text }}"
    fields: dict[str, JsonValue] = {"model": "m", "input": [{"role": "user", "content": said}]}
    labels: dict[str, JsonValue] = {"labels": ["1.0", "0.0"], "passing_labels": ["1.0"]}
    return [
        Subject("label_model", a_grader(type="label_model", **fields, **labels), rows),
        Subject("score_model", a_grader(type="score_model", **fields), rows),
    ]


def _codes(rows: Sequence[Variables]) -> list[Subject]:
    source = "def grade(sample, item):\n    return sample['output_text'] == item['expected']\n"
    grader = a_grader(type="python", source=source)
    return [Subject("python", grader, rows, at_once=64)]


_TEMPLATES: dict[str, JsonValue] = {
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.expected }}",
}


def a_grader(**fields: JsonValue) -> Grader:
    """The grader of these fields."""
    adapter: TypeAdapter[Grader] = TypeAdapter(Grader)
    return adapter.validate_python({"name": "measured", **fields})


def texts_alike() -> list[Variables]:
    """Rows of two texts of 50 words each, about two thirds of which they share."""
    chance = random.Random(4)
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(2_000)]
    rows = []
    for _ in range(DISTINCT_ROWS):
        wanted = chance.choices(words, k=WORDS)
        given = [word if chance.random() < 0.66 else chance.choice(words) for word in wanted]
        rows.append(Variables({"expected": " ".join(wanted)}, {"output_text": " ".join(given)}))
    return rows


@asynccontextmanager
async def tools_of_a_server() -> AsyncIterator[GraderTools]:
    """What graders get from a server with the default settings, but for the model they ask."""
    clock = SystemClock()
    model = ScriptedModel(lambda _: '{"steps": [], "result": 1.0}', clock)
    settings = Settings()
    async with (
        similarity_tools(settings, model, clock) as similarity,
        opened_sandbox(settings) as sandbox,
    ):
        yield GraderTools(
            model=model,
            cpu=ThreadCpu(),
            similarity=similarity,
            sandbox=sandbox,
            deadline=clock.monotonic() + 86_400,
        )


async def measure(
    subject: Subject, tools: GraderTools, enough: Callable[[int, float], bool]
) -> str:
    """One line of the table."""
    await grade(subject.grader, subject.rows[0], tools)  # starts and loads what is needed
    count, seconds = 0, 0.0
    cpu_before, began = cpu_s(), time.perf_counter()
    while not enough(count, seconds):
        for graded in await _graded(subject, count, tools):
            if graded.error is not None:
                return f"{subject.name:<28}{graded.error.message}"
        count += subject.at_once
        seconds = time.perf_counter() - began
    cpu = cpu_s() - cpu_before
    figures = f"{count / seconds:>10,.0f}{1_000 * cpu / count:>14.3f}{count:>10,}{cpu:>10.1f}"
    return f"{subject.name:<28}{figures}"


async def _graded(subject: Subject, first: int, tools: GraderTools) -> list[Grade]:
    rows = [subject.rows[(first + i) % len(subject.rows)] for i in range(subject.at_once)]
    if len(rows) == 1:
        return [await grade(subject.grader, rows[0], tools)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(grade(subject.grader, row, tools)) for row in rows]
    return [task.result() for task in tasks]


def cpu_s() -> float:
    """CPU seconds of this process, of those it has started, and of those that these have ended."""
    mine = psutil.Process()
    times = [each.cpu_times() for each in (mine, *mine.children(recursive=True))]
    seconds: float = sum(
        each.user + each.system + each.children_user + each.children_system for each in times
    )
    return seconds


async def main() -> None:
    """Measures the graders whose names hold one of the words given, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of names, as in: bleu rouge")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each grader")
    parser.add_argument("--pairs", type=int, default=0, help="so many rows instead")
    chosen = parser.parse_args()
    print(
        f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}; "
        f"texts of {WORDS} words, one row at a time"
    )
    print(HEADING)
    async with tools_of_a_server() as tools:
        for subject in subjects():
            if not chosen.only or any(part in subject.name for part in chosen.only):
                print(
                    await measure(
                        subject,
                        tools,
                        lambda count, seconds: (
                            count >= chosen.pairs if chosen.pairs else seconds >= chosen.seconds
                        ),
                    )
                )
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
