"""Dumps as other tools and people make them with the official client, in layouts of their own."""

import json
from pathlib import Path
from typing import Any

import openai

from tests.support.fake_hosted import KEY, ListPath, World


def client_of(url: str) -> openai.OpenAI:
    """The official client of a fake of the hosted service."""
    return openai.OpenAI(api_key=KEY, base_url=url, max_retries=0)


def dump_by_eval(client: openai.OpenAI, folder: Path) -> Path:
    """A document for each eval, with its runs and their items in it; contents beside.

    This is the shape that the script of a public guide to another tool's import writes: keys
    `eval`, `rows` and `runs`, each of these with `run` and `output_items`; objects as
    `model_dump()` gives them, so some keys have the client's names; no objects of files.
    """
    (folder / "files").mkdir(parents=True)
    for an_eval in client.evals.list():
        rows: list[object] = []
        runs = []
        for run in client.evals.runs.list(an_eval.id):
            items = list(client.evals.runs.output_items.list(run.id, eval_id=an_eval.id))
            rows += [item.datasource_item for item in items]
            dumped = [item.model_dump() for item in items]
            runs.append({"run": run.model_dump(), "output_items": dumped})
        document = {"eval": an_eval.model_dump(), "rows": rows, "runs": runs}
        (folder / f"{an_eval.id}.json").write_text(json.dumps(document, indent=2))
    for file in client.files.list(purpose="evals"):
        content = client.files.content(file.id).content
        (folder / "files" / f"{file.id}.jsonl").write_bytes(content)
    return folder


def dump_pages(world: World, folder: Path, *, limit: int = 2) -> Path:
    """Each page as the service answers it, as `curl -o` keeps it; contents by id and name."""
    for path in list(world.lists):
        after, number = "", 1
        while True:
            page = world.reply(
                path,
                {"limit": str(limit)} | ({"after": after} if after else {}),
                {"authorization": f"Bearer {KEY}"},
            ).body
            place = folder / "/".join(_plural(path)) / f"page-{number}.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(page)
            said = json.loads(page)
            if not said["has_more"]:
                break
            after, number = said["last_id"], number + 1
    for file_id, content in world.contents.items():
        (folder / "contents").mkdir(exist_ok=True)
        (folder / "contents" / f"{file_id}_capitals.jsonl").write_bytes(content)
    return folder


def dump_lines(world: World, folder: Path) -> Path:
    """A JSONL of all objects, each without what it belongs to, which the file's name tells."""
    folder.mkdir()
    for path, things in world.lists.items():
        text = "".join(json.dumps(_alone(json.loads(each.text))) + "\n" for each in things)
        (folder / f"{'.'.join(path)}.jsonl").write_text(text)
    return folder


def _plural(path: ListPath) -> ListPath:
    """The path without a part that could be taken for an object's own page."""
    return (*path[:-1], f"all {path[-1]}")


def _alone(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("eval_id", "run_id")}
