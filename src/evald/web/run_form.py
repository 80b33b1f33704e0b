"""The form of a new run: from a run to fields, and from fields to the body of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import JsonValue

from evald.domain import exact_json
from evald.web import format as eyes
from evald.web.forms import Fields, first
from evald.web.moments import read_moment, read_pair

Json = dict[str, JsonValue]
Kind = Literal["completions", "responses", "jsonl", "csv"]
KINDS: dict[str, Kind] = {
    "completions": "completions",
    "responses": "responses",
    "jsonl": "jsonl",
    "csv": "csv",
}
ROLES = ("system", "developer", "user", "assistant", "tool")
NUMBERS = ("temperature", "top_p", "seed", "max_completion_tokens")
EFFORT = "reasoning_effort"
OTHER = "other_params"
MAX_MESSAGES = 100
_TEXT_TYPES = ("input_text", "text", "output_text")
_LOG_KINDS: dict[str, Kind] = {"stored_completions": "completions", "responses": "responses"}


@dataclass(frozen=True, slots=True)
class MessageField:
    """A message of the template; `is_json` says that its content is more than a text."""

    role: str
    text: str
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class SourceFields:
    """Where rows come from, where no run says it: logs that fit, or else a file.

    `metadata` has a `key=value` a line; bounds are as somebody wrote them.
    """

    is_logs: bool
    type: str = ""
    model: str = ""
    metadata: str = ""
    created_after: str = ""
    created_before: str = ""
    limit: str = ""
    file_id: str = ""


@dataclass(frozen=True, slots=True)
class RunForm:
    """What the form holds; texts are as they are shown. `problems` are by field, "" of none.

    `source` is None where rows are those of the run that the form was filled in from.
    `item_reference` is None where messages are a template.
    """

    kind: Kind
    name: str = ""
    model: str = ""
    messages: Sequence[MessageField] = ()
    item_reference: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    source: SourceFields | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_sampled(self) -> bool:
        """Whether a model is asked, or may be."""
        return self.kind in {"completions", "responses"}


def form_of_source(data_source: Json, *, name: str) -> RunForm:
    """The form filled in as this data source has it.

    Raises:
        ValueError: it is none of ours.
    """
    kind = KINDS.get(str(data_source.get("type")))
    if kind is None:
        raise ValueError("is no data source of ours")
    prompt, params = data_source.get("input_messages"), data_source.get("sampling_params")
    reference = _object(prompt).get("item_reference")
    return RunForm(
        kind=kind,
        name=eyes.visible(name),
        model=eyes.visible(str(data_source.get("model") or "")),
        messages=[_message_field(each) for each in _template(prompt)],
        item_reference=eyes.visible(reference) if isinstance(reference, str) else None,
        params=_param_texts(_object(params)),
    )


def form_of_fields(fields: Fields, base: RunForm) -> RunForm:
    """The form as it was sent, by somebody who was shown `base`."""
    count = sum(1 for name in fields if name.startswith("text."))
    messages = [
        MessageField(
            role=first(fields, f"role.{at}"),
            text=first(fields, f"text.{at}"),
            is_json=at < len(base.messages) and base.messages[at].is_json,
        )
        for at in range(min(count, MAX_MESSAGES))
    ]
    return replace(
        base,
        kind=KINDS.get(first(fields, "kind"), base.kind) if base.source else base.kind,
        name=first(fields, "name"),
        model=first(fields, "model").strip(),
        messages=[
            each for at, each in enumerate(messages) if each.text.strip() or _was(each, at, base)
        ],
        item_reference=None if base.item_reference is None else first(fields, "item_reference"),
        params={name: first(fields, f"param.{name}") for name in (*NUMBERS, EFFORT, OTHER)},
        source=None if base.source is None else _source_fields(fields, base.source),
    )


def _was(message: MessageField, at: int, base: RunForm) -> bool:
    """Whether an empty message is no spare field left blank, but one that the run has."""
    return base.source is None and at < len(base.messages) and base.messages[at] == message


def request_body(form: RunForm, given: Json) -> tuple[Json, dict[str, str]]:
    """The body of the request that the form asks for, and what is wrong with it, by field.

    What was not changed is as `given` has it, the data source that the form was filled in from:
    what a page cannot show, it does not lose.
    """
    problems: dict[str, str] = {}
    source: Json = {**given, "type": form.kind}
    if form.source is not None:
        source = _new_source(form, form.source, problems)
    if form.is_sampled:
        source = _sampled(form, source, given, problems=problems)
    body: Json = {"data_source": source}
    if form.name:
        body["name"] = form.name
    return body, problems


def _sampled(form: RunForm, source: Json, given: Json, *, problems: dict[str, str]) -> Json:
    before = form_of_source({**given, "type": form.kind}, name="")
    changed = {**source}
    if form.model != before.model:
        changed["model"] = form.model or None
    if form.item_reference is not None:
        if form.item_reference != before.item_reference:
            reference = form.item_reference.strip()
            changed["input_messages"] = {"type": "item_reference", "item_reference": reference}
    elif list(form.messages) != list(before.messages):
        template = _messages(form, before, _template(given.get("input_messages")), problems)
        changed["input_messages"] = {"type": "template", "template": template} if template else None
    if any(form.params.get(name, "") != before.params.get(name, "") for name in form.params):
        changed["sampling_params"] = _params(form, before, given, problems)
    return {key: value for key, value in changed.items() if value is not None}


def _message_field(message: JsonValue) -> MessageField:
    said = _object(message)
    content = said.get("content")
    text = content if isinstance(content, str) else _object(content).get("text")
    role = str(said.get("role") or "user")
    is_text = isinstance(content, str) or _object(content).get("type") in _TEXT_TYPES
    if is_text and isinstance(text, str):
        return MessageField(role, eyes.visible(text))
    return MessageField(role, eyes.visible(eyes.indented(content)), is_json=True)


def _messages(
    form: RunForm, before: RunForm, given: Sequence[JsonValue], problems: dict[str, str]
) -> list[JsonValue]:
    # A message that stands as it stood keeps what the form does not show of it.
    kept = dict(zip(before.messages, given, strict=True))
    messages: list[JsonValue] = []
    for at, each in enumerate(form.messages):
        if each in kept:
            messages.append(kept[each])
            continue
        content: JsonValue = {"type": "input_text", "text": each.text}
        if each.is_json:
            try:
                content = exact_json.parse(each.text)
            except ValueError as fault:
                problems[f"text.{at}"] = f"This is not JSON: {fault}."
        messages.append({"type": "message", "role": each.role, "content": content})
    return messages


def _param_texts(params: Json) -> dict[str, str]:
    shown = {name: params.get(name) for name in (*NUMBERS, EFFORT)}
    texts = {name: "" if value is None else eyes.plain(value) for name, value in shown.items()}
    rest = {name: value for name, value in params.items() if name not in shown}
    texts[OTHER] = eyes.visible(eyes.indented(rest)) if rest else ""
    return texts


def _params(form: RunForm, before: RunForm, given: Json, problems: dict[str, str]) -> JsonValue:
    old = _object(given.get("sampling_params"))
    params: Json = {}
    for name in (*NUMBERS, EFFORT):
        text = form.params.get(name, "").strip()
        if not text:
            continue
        if text == before.params.get(name):
            params[name] = old[name]
        elif name == EFFORT:
            params[name] = text
        else:
            params[name] = _number(text, name, problems)
    return {**params, **_other_params(form.params.get(OTHER, ""), problems)}


def _number(text: str, name: str, problems: dict[str, str]) -> JsonValue:
    try:
        value = exact_json.parse(text)
    except ValueError:
        value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems[f"param.{name}"] = "This is not a number."
        return None
    return value


def _other_params(text: str, problems: dict[str, str]) -> Json:
    if not text.strip():
        return {}
    try:
        value = exact_json.parse(text)
    except ValueError as fault:
        problems[f"param.{OTHER}"] = f"This is not JSON: {fault}."
        return {}
    if not isinstance(value, dict):
        problems[f"param.{OTHER}"] = "This is not a JSON object."
        return {}
    return value


def _source_fields(fields: Fields, base: SourceFields) -> SourceFields:
    return SourceFields(
        is_logs=base.is_logs,
        type=first(fields, "source.type"),
        model=first(fields, "source.model").strip(),
        metadata=first(fields, "source.metadata"),
        created_after=first(fields, "source.created_after").strip(),
        created_before=first(fields, "source.created_before").strip(),
        limit=first(fields, "source.limit").strip(),
        file_id=first(fields, "source.file_id").strip(),
    )


def _new_source(form: RunForm, source: SourceFields, problems: dict[str, str]) -> Json:
    if not source.is_logs:
        if not source.file_id:
            problems["source.file_id"] = "A file is needed: its rows are what is tested."
        return {"type": form.kind, "source": {"type": "file_id", "id": source.file_id}}
    rows: Json = {"type": source.type if source.type in _LOG_KINDS else "stored_completions"}
    if source.model:
        rows["model"] = source.model
    pairs = _pairs(source.metadata, problems)
    if pairs:
        rows["metadata"] = pairs
    for name, text in (
        ("created_after", source.created_after),
        ("created_before", source.created_before),
    ):
        if text:
            rows[name] = _moment(text, name, problems)
    if source.limit:
        rows["limit"] = _number(source.limit, "limit", problems)
        if "param.limit" in problems:
            problems["source.limit"] = problems.pop("param.limit")
    return {"type": _LOG_KINDS[str(rows["type"])], "source": rows}


def _pairs(text: str, problems: dict[str, str]) -> Json:
    pairs: Json = {}
    for line in filter(str.strip, text.split("\n")):
        try:
            key, value = read_pair(line)
        except ValueError:
            problems["source.metadata"] = f"'{line}' is not a pair such as use=chat."
        else:
            pairs[key] = value
    return pairs


def _moment(text: str, name: str, problems: dict[str, str]) -> JsonValue:
    try:
        return read_moment(text)
    except ValueError:
        problems[f"source.{name}"] = "This is not a moment such as 2026-11-01 12:00."
        return None


def _template(prompt: JsonValue) -> list[JsonValue]:
    template = _object(prompt).get("template")
    return template if isinstance(template, list) else []


def _object(value: JsonValue) -> Json:
    return value if isinstance(value, dict) else {}
