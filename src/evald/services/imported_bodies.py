"""What a body from elsewhere says, in our own terms: as much of it as our columns hold."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from pydantic import JsonValue

from evald.domain.exact_json import canonical, content_hash, dump, parse
from evald.domain.logs.terms import completion_terms
from evald.domain.tally import CriterionCount, Tally, Usage
from evald.ports.kept import Rows, StoredLog, StoredOutputItem, StoredRun
from evald.services.output_items import Extras, extras_text, item_fields
from evald.wire.criteria import usable_criterion
from evald.wire.errors import ApiError
from evald.wire.evals import ImportedEval
from evald.wire.files import ImportedFile
from evald.wire.ids import IdPrefix
from evald.wire.output_items import OutputItemStatus
from evald.wire.runs import RunStatus

T = TypeVar("T")

Body = dict[str, JsonValue]

SPARE_ROWS = 2**40
"""From here on are the rows of items that claim none, or one that another item has."""

MAX_VALUES = 10_000_000
"""A line with more commas and brackets than that is not parsed: small values take much memory."""

_MOST = 2**53
_TIMED_ID = re.compile(r"[a-z]+_([0-9a-f]{8})[0-9a-f]{24}")
_UNDER_WAY = ("queued", "in_progress")
_UNCHANGING = ("id", "eval_id", "created_at", "model", "data_source")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,256}")
_OWN_ITEM_ID = re.compile(rf"{IdPrefix.OUTPUT_ITEM.value}[0-9a-f]{{32}}")
_OUTCOMES: dict[JsonValue, OutputItemStatus] = {
    "pass": "pass",
    "passed": "pass",
    "fail": "fail",
    "failed": "fail",
}


class BodyUnusable(ValueError):
    """A line holds nothing that could be imported; the message says why, after "it …"."""


def read_body(text: bytes) -> Body:
    """The JSON object that a line holds.

    Raises:
        BodyUnusable: it holds none, or one that is nested too deep, or of too many values.
    """
    if sum(map(text.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise BodyUnusable(f"holds more than {MAX_VALUES} values")
    try:
        value = parse(text.decode())
    except UnicodeDecodeError as problem:
        raise BodyUnusable(f"is not UTF-8 (byte {problem.start})") from None
    except ValueError as problem:
        raise BodyUnusable(f"is not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise BodyUnusable("is no JSON object")
    return value


def id_of(body: Body) -> str:
    """The id of an object.

    Raises:
        BodyUnusable: it has none, or none that is made of letters, digits, `_`, `.`, `:` and `-`.
    """
    found = body.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise BodyUnusable("has no id that can be used")
    return found


def same(one: JsonValue, other: JsonValue) -> bool:
    """Whether both are the same JSON value, numbers written the same way."""
    return canonical(one) == canonical(other)


def imported_eval(body: Body) -> ImportedEval:
    """The eval of this body; criteria that cannot be used here are in the body alone.

    Raises:
        BodyUnusable: it has no data source config.
    """
    config, criteria = body.get("data_source_config"), body.get("testing_criteria")
    if not isinstance(config, dict):
        raise BodyUnusable("has no data_source_config")
    usable = [usable_criterion(each) for each in criteria] if isinstance(criteria, list) else []
    return ImportedEval.model_construct(
        id=id_of(body),
        created_at=_created_at(body),
        name=text_of(body.get("name")),
        metadata=_strings(body.get("metadata")),
        data_source_config=config,
        testing_criteria=[each for each in usable if each is not None],
        imported=body,
    )


def split_content(body: Body) -> tuple[Body, list[JsonValue]]:
    """A run's body with inline content left empty, and that content."""
    data_source = object_of(body.get("data_source"))
    source = object_of(data_source.get("source"))
    content = source.get("content")
    if not isinstance(content, list):
        return body, []
    emptied: JsonValue = {**data_source, "source": {**source, "content": []}}
    return {**body, "data_source": emptied}, content


def imported_run(body: Body, project_id: str, eval_id: str, *, rows: Rows) -> StoredRun:
    """The run of this body, whose inline content has been left empty.

    A status that we do not know is kept as it is.
    """
    error = body.get("error")
    return StoredRun(
        id=id_of(body),
        project_id=project_id,
        eval_id=eval_id,
        created_at=_created_at(body),
        status=cast(RunStatus, text_of(body.get("status"))),
        name=text_of(body.get("name")),
        model=text_of(body.get("model")),
        metadata=_strings(body.get("metadata")),
        data_source=object_of(body.get("data_source")),
        rows=rows,
        tally=_tally(body),
        error=_error(error) if isinstance(error, dict) else None,
        imported=body,
    )


def is_later_state(early: StoredRun, late: StoredRun) -> bool:
    """Whether both are one imported run, seen first under way and then ended.

    What a run is made of does not change on its way: its eval, the time it was made, its data
    source and its model.
    """
    if early.imported is None or late.imported is None:
        return False
    was_under_way = early.status in _UNDER_WAY and late.status not in _UNDER_WAY
    return was_under_way and all(
        same(early.imported.get(key), late.imported.get(key)) for key in _UNCHANGING
    )


def item_texts(body: Body) -> dict[str, str]:
    """The JSON text of each value of an output item's body."""
    return {key: dump(value) for key, value in body.items()}


def claimed_row(body: Body) -> int | None:
    """The row that an output item says it is of; None if it says none."""
    row = body.get("datasource_item_id")
    is_row = isinstance(row, int) and not isinstance(row, bool) and 0 <= row < SPARE_ROWS
    return cast(int, row) if is_row else None


def imported_item(
    body: Body, texts: dict[str, str], *, row: int, run_id: str, eval_id: str
) -> StoredOutputItem:
    """The output item of this body, at this row whatever it says itself."""
    plain = StoredOutputItem(
        id=id_of(body),
        row=row,
        created_at=_count(body.get("created_at")),
        status=_OUTCOMES.get(text_of(body.get("status")), "error"),
        content_hash=content_hash(body.get("datasource_item")),
        item_json=texts.get("datasource_item", "null"),
        results_json=texts.get("results", "[]"),
        sample_json=texts.get("sample", "null"),
    )
    composed = item_fields(plain, run_id=run_id, eval_id=eval_id)
    extras = Extras(
        set={key: value for key, value in body.items() if composed.get(key) != texts[key]},
        left_out=[key for key in composed if key not in body],
    )
    if not extras.set and not extras.left_out and _OWN_ITEM_ID.fullmatch(plain.id):
        return plain
    return replace(plain, extras=extras_text(extras))


def imported_file(body: Body, *, size: int) -> ImportedFile:
    """The file of this body, whose content has that many bytes."""
    expires = body.get("expires_at")
    return ImportedFile(
        id=id_of(body),
        purpose=text_of(body.get("purpose")),
        filename=text_of(body.get("filename")),
        bytes=size,
        created_at=_count(body.get("created_at")),
        expires_at=None if expires is None else _count(expires),
        imported=body,
    )


def imported_completion(body: Body, project_id: str) -> StoredLog:
    """The stored chat completion of this body."""
    model, metadata = text_of(body.get("model")), _strings(body.get("metadata"))
    return StoredLog(
        id=id_of(body),
        project_id=project_id,
        kind="chat_completion",
        created=_count(body.get("created")),
        model=model,
        metadata=metadata,
        body=dump(body),
        terms=completion_terms(model, metadata),
    )


def text_of(value: JsonValue) -> str:
    """The value if it is a string, and otherwise an empty one."""
    return value if isinstance(value, str) else ""


def object_of(value: JsonValue) -> Body:
    """The value if it is an object, and otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def _strings(value: JsonValue) -> dict[str, str]:
    return {key: each for key, each in object_of(value).items() if isinstance(each, str)}


def _count(value: JsonValue) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST
    return cast(int, value) if is_count else 0


def _created_at(body: Body) -> int:
    """When the object was made: as it says, or else as its id does, so that it is listed by age."""
    said = body.get("created_at")
    told = _TIMED_ID.fullmatch(id_of(body)) if said is None else None
    return _count(said) if told is None else int(told[1], 16)


def _error(error: Body) -> ApiError:
    return ApiError(code=text_of(error.get("code")), message=text_of(error.get("message")))


def _tally(run: Body) -> Tally:
    counts = object_of(run.get("result_counts"))
    return Tally(
        passed=_count(counts.get("passed")),
        failed=_count(counts.get("failed")),
        errored=_count(counts.get("errored")),
        criteria=_by_name(run.get("per_testing_criteria_results"), "testing_criteria", _verdicts),
        usage=_by_name(run.get("per_model_usage"), "model_name", _usage),
    )


def _by_name(listed: JsonValue, name: str, read: Callable[[Body], T]) -> dict[str, T]:
    objects = map(object_of, listed) if isinstance(listed, list) else ()
    return {text_of(each.get(name)): read(each) for each in objects}


def _verdicts(said: Body) -> CriterionCount:
    return CriterionCount(_count(said.get("passed")), _count(said.get("failed")))


def _usage(said: Body) -> Usage:
    return Usage(
        invocations=_count(said.get("invocation_count")),
        prompt_tokens=_count(said.get("prompt_tokens")),
        completion_tokens=_count(said.get("completion_tokens")),
        total_tokens=_count(said.get("total_tokens")),
        cached_tokens=_count(said.get("cached_tokens")),
    )
