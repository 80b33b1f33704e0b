"""What the official client for Python is told by each call it has, synchronous and not.

`python openai_python.py FLAKY_URL`: OPENAI_BASE_URL and OPENAI_API_KEY say where the server is, and
nothing else is set. It runs with any `openai` from 1.72 on, and prints one line of JSON.
"""

import asyncio
import inspect
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import openai

Told = dict[str, Any]

FLAKY_URL = sys.argv[1]
ROWS = [{"item": {"prompt": f"say {n}", "expected": f"say {n}"}} for n in range(45)]
ROWS[7]["item"]["expected"] = "something entirely different"
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()

SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string"}, "expected": {"type": "string"}},
    "required": ["prompt", "expected"],
}
SAME = {
    "type": "string_check",
    "name": "same",
    "input": "{{ sample.output_text }}",
    "operation": "eq",
    "reference": "{{ item.expected }}",
}
ALIKE = {
    "type": "text_similarity",
    "name": "alike",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.expected }}",
    "evaluation_metric": "fuzzy_match",
    "pass_threshold": 0.9,
}
LABEL = {
    "type": "label_model",
    "name": "label",
    "model": "mock-model",
    "input": [{"role": "user", "content": "Label: {{ sample.output_text }}"}],
    "labels": ["good", "bad"],
    "passing_labels": ["good"],
}
SCORE = {
    "type": "score_model",
    "name": "score",
    "model": "mock-model",
    "input": [{"role": "user", "content": "Score: {{ sample.output_text }}"}],
    "range": [0, 1],
    "pass_threshold": 0.5,
}
CODE = {
    "type": "python",
    "name": "code",
    "source": "def grade(sample, item): return float(sample['output_text'] == item['prompt'])",
    "pass_threshold": 1.0,
}
EVAL: Any = {
    "name": "of a client",
    "data_source_config": {"type": "custom", "item_schema": SCHEMA, "include_sample_schema": True},
    "testing_criteria": [SAME, ALIKE, LABEL, SCORE, CODE],
    "metadata": {"kept": "as it is"},
}


def sampled(source: Any) -> Any:
    """A data source that asks a model about rows from this source."""
    template = [{"role": "user", "content": "{{ item.prompt }}"}]
    return {
        "type": "completions",
        "model": "mock-model",
        "input_messages": {"type": "template", "template": template},
        "sampling_params": {"temperature": 0},
        "source": source,
    }


ASLEEP = {"item": {"prompt": "[slow]", "expected": ""}}
SLOW: Any = sampled({"type": "file_content", "content": [ASLEEP]})


async def got(value: Any) -> Any:
    """The value itself, awaited where the client is the asynchronous one."""
    return await value if inspect.isawaitable(value) else value


async def every(pages: Any) -> list[Any]:
    """All objects of all pages, as the client turns them."""
    if hasattr(pages, "__aiter__"):
        return [each async for each in pages]
    return list(pages)


async def streamed(manager: Any, read: Callable[[Any], Any]) -> Any:
    """What is read of an answer that is not loaded ahead."""
    if hasattr(manager, "__aenter__"):
        async with manager as answer:
            return await got(read(answer))
    with manager as answer:
        return read(answer)


async def refused(call: Callable[[], Any]) -> Told:
    """The error that the call ends in, as it is caught."""
    try:
        await got(call())
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "type": error.type,
            "code": error.code,
            "param": error.param,
            "request_id": error.request_id,
        }
    return {"class": "no error"}


def said(value: Any) -> Any:
    """An object of the client as the JSON it was made of."""
    return value.to_dict(mode="json")


async def of_evals(client: Any) -> Told:
    evals = client.evals
    made = await got(evals.create(**EVAL))
    read = await got(evals.retrieve(made.id))
    changed = await got(evals.update(made.id, name="renamed", metadata={"now": "another"}))
    more = [(await got(evals.create(**EVAL))).id for _ in range(5)]
    listed = await every(evals.list(after=made.id, limit=2, order="asc"))
    deleted = [said(await got(evals.delete(eval_id))) for eval_id in [made.id, *more]]
    return {
        "made": said(made),
        "read": said(read),
        "changed": said(changed),
        "more": more,
        "listed": [each.id for each in listed],
        "deleted": deleted,
        "gone": await refused(lambda: evals.retrieve(made.id)),
    }


async def of_files(client: Any) -> Told:
    files = client.files
    made = await got(files.create(file=("rows.jsonl", LINES), purpose="evals"))
    more = [
        (await got(files.create(file=(f"{n}.jsonl", b"{}\n"), purpose="evals"))).id
        for n in range(4)
    ]
    listed = await every(files.list(purpose="evals", limit=2, order="asc"))
    content = await got(files.content(made.id))
    chunks = await streamed(files.with_streaming_response.content(made.id), lambda a: a.read())
    return {
        "made": said(made),
        "read": said(await got(files.retrieve(made.id))),
        "more": more,
        "listed": [each.id for each in listed],
        "content": content.read().decode(),
        "streamed": chunks.decode(),
        "uploaded": LINES.decode(),
        "deleted": said(await got(files.delete(made.id))),
        "gone": await refused(lambda: files.content(made.id)),
    }


async def ended(client: Any, eval_id: str, run_id: str) -> Any:
    """The run at its end, as a poll finds it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        run = await got(client.evals.runs.retrieve(run_id, eval_id=eval_id))
        if run.status not in {"queued", "in_progress"}:
            return run
        await asyncio.sleep(0.05)
    raise TimeoutError(run_id)


async def of_runs(client: Any) -> Told:
    runs = client.evals.runs
    eval_id = (await got(client.evals.create(**EVAL))).id
    file_id = (await got(client.files.create(file=("rows.jsonl", LINES), purpose="evals"))).id
    source = sampled({"type": "file_id", "id": file_id})
    made = await got(runs.create(eval_id, data_source=source, name="first", metadata={"a": "b"}))
    done = await ended(client, eval_id, made.id)
    slow = await got(runs.create(eval_id, data_source=SLOW))
    stopped = await got(runs.cancel(slow.id, eval_id=eval_id))
    listed = await every(runs.list(eval_id, limit=1, order="asc"))
    complete = await every(runs.list(eval_id, status="completed"))
    return {
        "made": said(made),
        "done": said(done),
        "stopped": said(stopped),
        "stays": said(await ended(client, eval_id, slow.id)),
        "ids": [made.id, slow.id],
        "listed": [each.id for each in listed],
        "complete": [each.id for each in complete],
        "items": await of_output_items(runs.output_items, eval_id, made.id),
        "deleted": said(await got(runs.delete(made.id, eval_id=eval_id))),
        "gone": await refused(lambda: runs.retrieve(made.id, eval_id=eval_id)),
    }


async def of_output_items(items: Any, eval_id: str, run_id: str) -> Told:
    listed = await every(items.list(run_id, eval_id=eval_id, limit=20))
    failed = await every(items.list(run_id, eval_id=eval_id, status="fail"))
    one = await got(items.retrieve(listed[3].id, eval_id=eval_id, run_id=run_id))
    return {
        "rows": [each.datasource_item_id for each in listed],
        "ids": [each.id for each in listed],
        "failed": [each.datasource_item_id for each in failed],
        "one": said(one),
        "listed": said(listed[3]),
    }


async def of_graders(client: Any) -> Told | None:
    """None where this version of the client has no such calls."""
    alpha = getattr(client.fine_tuning, "alpha", None)
    if alpha is None:
        return None
    multi = {
        "type": "multi",
        "name": "both",
        "graders": {"same": SAME, "alike": ALIKE},
        "calculate_output": "0.5 * same + 0.5 * alike",
    }
    item = {"prompt": "yes", "expected": "yes"}
    ran: Told = {}
    for grader in (SAME, ALIKE, SCORE, CODE, multi):
        answer = alpha.graders.run(grader=grader, model_sample="yes", item=item)
        ran[str(grader["type"])] = said(await got(answer))
    valid = await got(alpha.graders.validate(grader=SAME))
    wrong = {**SAME, "operation": "resembles"}
    return {
        "ran": ran,
        "valid": said(valid),
        "invalid": await refused(lambda: alpha.graders.validate(grader=wrong)),
    }


async def of_errors(client: Any) -> Told:
    strange = client.with_options(api_key="sk-not-the-right-key")
    wrong = {**EVAL, "testing_criteria": [{**SAME, "operation": "resembles"}]}
    return {
        "400": await refused(lambda: client.evals.create(**wrong)),
        "401": await refused(lambda: strange.evals.retrieve("eval_nowhere")),
        "404": await refused(lambda: client.evals.retrieve("eval_nowhere")),
    }


async def of_retries(client: Any) -> Told:
    """Each lane of the proxy refuses so many times; see tests/support/flaky_proxy.py."""

    def before(status: int, times: int, **options: Any) -> Any:
        lane = f"{FLAKY_URL}/{uuid.uuid4().hex}/{status}/{times}/v1"
        return client.with_options(base_url=lane, **options)

    async def timed(patient: Any) -> Told:
        started = time.monotonic()
        answer = await got(patient.evals.with_raw_response.create(**EVAL))
        made = await got(answer.parse())
        await got(client.evals.delete(made.id))
        return {"id": made.id, "seconds": time.monotonic() - started}

    return {
        "429": await timed(before(429, 2)),
        "503": await timed(before(503, 1)),
        "given up 429": await refused(before(429, 9, max_retries=1).models.list),
        "not tried 503": await refused(before(503, 9, max_retries=0).models.list),
    }


async def of_variants(client: Any) -> Told:
    evals = client.evals
    raw = await got(evals.with_raw_response.create(**EVAL))
    made = await got(raw.parse())
    streaming = evals.with_streaming_response.retrieve(made.id)
    headers = {"OpenAI-Organization": "org-any", "X-Anything": "at all"}
    options = client.with_options(timeout=20, max_retries=0, default_headers=headers)
    read = await got(options.evals.retrieve(made.id, extra_query={"unknown": "yes"}, timeout=10))
    return {
        "made": said(made),
        "status": raw.status_code,
        "headers": dict(raw.headers),
        "streamed": json.loads(await streamed(streaming, lambda answer: answer.text())),
        "read": said(read),
        "models": [each.id for each in await every(await listed_models(client))],
        "deleted": said(await got(evals.delete(made.id))),
    }


async def listed_models(client: Any) -> Any:
    pages = client.models.list()
    return pages if hasattr(pages, "__aiter__") else await got(pages)


PARTS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "evals": of_evals,
    "files": of_files,
    "runs": of_runs,
    "graders": of_graders,
    "errors": of_errors,
    "retries": of_retries,
    "variants": of_variants,
}


async def all_told() -> dict[str, Told]:
    with openai.OpenAI() as client:
        synchronous = {name: await part(client) for name, part in PARTS.items()}
    async with openai.AsyncOpenAI() as client_async:
        asynchronous = {name: await part(client_async) for name, part in PARTS.items()}
    return {"sync": synchronous, "async": asynchronous}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(all_told())))
