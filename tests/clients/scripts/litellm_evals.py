"""What LiteLLM's evals and files calls are told, synchronous and not; with OpenAI as the provider.

`python litellm_evals.py FLAKY_URL`: OPENAI_BASE_URL and OPENAI_API_KEY say where the server is.
It prints one line of JSON. Where LiteLLM's own types refuse an answer, that is what it tells.
"""

import asyncio
import inspect
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import waits for a download

import litellm

Told = dict[str, Any]

FLAKY_URL = sys.argv[1]
BASE_URL = os.environ["OPENAI_BASE_URL"]
PROVIDER = {"custom_llm_provider": "openai"}
EVALS = {**PROVIDER, "api_base": BASE_URL.removesuffix("/v1")}  # it adds /v1 for evals by itself
FILES = {**PROVIDER, "api_base": BASE_URL}
ROWS = [{"item": {"prompt": "a", "expected": "a"}}, {"item": {"prompt": "b", "expected": "a"}}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CRITERION = {
    "type": "string_check",
    "name": "same",
    "input": "{{ sample.output_text }}",
    "operation": "eq",
    "reference": "{{ item.expected }}",
}
EVAL: Any = {
    "name": "of LiteLLM",
    "data_source_config": {
        "type": "custom",
        "item_schema": {"type": "object"},
        "include_sample_schema": True,
    },
    "testing_criteria": [CRITERION],
    "extra_body": {"metadata": {"kept": "as it is"}},  # `metadata` it keeps for itself here
}
CHANGES: Any = {"name": "renamed", "metadata": {"now": "another"}}
FIELD = re.compile(r"^(?:data\.\d+\.)?([a-z_]+)(?:\.\d+\.([a-z_]+))?$", re.MULTILINE)


def sampled(source: Told) -> Told:
    template = [{"role": "user", "content": "{{ item.prompt }}"}]
    return {
        "type": "completions",
        "model": "mock-model",
        "input_messages": {"type": "template", "template": template},
        "source": source,
    }


SLOW = sampled({"type": "file_content", "content": [{"item": {"prompt": "[slow]"}}]})


class Calls:
    """LiteLLM's functions by name: `create_eval`, or `acreate_eval` where it is asynchronous."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    async def __call__(self, function: str, /, **given: Any) -> Any:
        value = getattr(litellm, self.prefix + function)(**given)
        value = await value if inspect.isawaitable(value) else value
        return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


async def refused(call: Callable[[], Any]) -> Told:
    """The error the call ends in; of one of LiteLLM's own validation, the fields it is about."""
    try:
        await call()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        text = str(error)
        own = "validation error" in text
        fields = [first + (f".{rest}" if rest else "") for first, rest in FIELD.findall(text)]
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "fields": sorted(set(fields)) if own else [],
            "message": text,
        }
    return {"class": "no error", "fields": []}


async def of_evals(call: Calls) -> Told:
    made = await call("create_eval", **EVAL, **EVALS)
    more = [(await call("create_eval", **EVAL, **EVALS))["id"] for _ in range(2)]
    page = await call("list_evals", after=made["id"], limit=1, order="asc", **EVALS)
    wrong = {**EVAL, "testing_criteria": []}
    told = {
        "made": made,
        "read": await call("get_eval", eval_id=made["id"], **EVALS),
        "changed": await call("update_eval", eval_id=made["id"], **CHANGES, **EVALS),
        "page": page,
        "deleted": [
            await call("delete_eval", eval_id=each, **EVALS) for each in [made["id"], *more]
        ],
        "400": await refused(lambda: call("create_eval", **wrong, **EVALS)),
        "404": await refused(lambda: call("get_eval", eval_id=made["id"], **EVALS)),
    }
    strange = {**EVALS, "api_key": "sk-not-the-right-key"}
    told["401"] = await refused(lambda: call("get_eval", eval_id="eval_nowhere", **strange))
    return told


async def of_files(call: Calls) -> Told:
    given = {"file": ("rows.jsonl", LINES), "purpose": "evals"}
    made = await call("create_file", **given, **FILES)
    read = await call("file_retrieve", file_id=made["id"], **FILES)
    listed = await call("file_list", **FILES)
    content = await call("file_content", file_id=made["id"], **FILES)
    deleted = await call("file_delete", file_id=made["id"], **FILES)
    return {
        "made": made,
        "read": read,
        "listed": [each["id"] for each in listed["data"]],
        "content": content.text,
        "deleted": deleted,
    }


async def of_runs(call: Calls) -> Told:
    eval_id = (await call("create_eval", **EVAL, **EVALS))["id"]
    given = {"file": ("rows.jsonl", LINES), "purpose": "evals"}
    file_id = (await call("create_file", **given, **FILES))["id"]
    place = {"eval_id": eval_id, **EVALS}
    source = sampled({"type": "file_id", "id": file_id})
    made = await call("create_run", data_source=source, name="first", **place)
    slow = await call("create_run", data_source=SLOW, **place)
    stop = {"run_id": slow["id"], **place}
    told: Told = {"made": made, "stopped": await refused(lambda: call("cancel_run", **stop))}
    run = {"run_id": made["id"], **place}
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told["done"] = await refused(lambda: call("get_run", **run))
        if any("testing_criteria_index" in field for field in told["done"]["fields"]):
            break
        await asyncio.sleep(0.05)
    told["listed"] = await refused(lambda: call("list_runs", limit=1, **place))
    told["deleted"] = await call("delete_run", **run)
    return told


async def of_retries(call: Calls) -> Told:
    """Each lane of the proxy refuses so many times; see tests/support/flaky_proxy.py."""
    told: Told = {}
    for status in (429, 503):
        lane = f"{FLAKY_URL}/{uuid.uuid4().hex}/{status}/1"
        given = {**EVAL, **PROVIDER, "api_base": lane}
        told[str(status)] = await refused(partial(call, "create_eval", **given))
    return told


async def all_told(call: Calls) -> Told:
    return {
        "evals": await of_evals(call),
        "files": await of_files(call),
        "runs": await of_runs(call),
        "retries": await of_retries(call),
    }


if __name__ == "__main__":
    synchronous = asyncio.run(all_told(Calls("")))
    asynchronous = asyncio.run(all_told(Calls("a")))
    print(json.dumps({"sync": synchronous, "async": asynchronous}))
