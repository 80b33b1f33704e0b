"""Logs that were read elsewhere, as they are kept: with an id, a time, and what finds them."""

import re
from typing import Final, assert_never

from evald.domain.exact_json import content_hash, dump, parse
from evald.domain.log_reading.same_log import agree
from evald.domain.logs.read_log import Body, ReadLog, shown
from evald.domain.logs.terms import LogKind, Term, completion_terms, response_terms, text_term
from evald.ports.kept import StoredLog

MAX_ID = 256
"""No id that is taken over has more characters."""

_UNWRITABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What no text of a database holds: NUL, and half a character."""


def stored_log(read: ReadLog, project_id: str, *, now: int) -> StoredLog:
    """The log as it is kept.

    Where it has no id, it gets one made of its content, so that it has the same again the next
    time; where it does not say when it was made, that is now.
    """
    log_id = read.id or _made_id(read, project_id)
    created = now if read.created is None else read.created
    return StoredLog(
        id=log_id,
        project_id=project_id,
        kind=read.kind,
        created=created,
        model=read.model,
        metadata=read.metadata,
        body=dump(_completed(read, log_id, created)),
        request=None if read.request is None else dump(read.request),
        request_id=read.request_id,
        terms=_terms(read),
    )


def refusal(log: StoredLog) -> str | None:
    """Why the log cannot be kept, after "it …"; None if it can be."""
    if len(log.id) > MAX_ID:
        return f"has an id of more than {MAX_ID} characters"
    texts = [("id", log.id), ("model", log.model), ("request_id", log.request_id)]
    texts += [(each.field, each.field + each.value) for each in log.terms]
    for name, text in texts:
        if _UNWRITABLE.search(text):
            return f"has a NUL, or half a character, in '{shown(name)}'"
    return None


def is_same(kept: StoredLog, log: StoredLog, read: ReadLog) -> bool:
    """Whether the log that was read is the one that is kept under its id.

    What the import made up itself, and metadata, which may be changed, are not compared; nor is
    the request where only one of them has it.
    """
    if (kept.project_id, kept.kind) != (log.project_id, log.kind):
        return False
    are_asked = kept.request is not None and read.request is not None
    if are_asked and not agree(_object(kept.request), _object(log.request)):
        return False
    body = _completed(read, log.id, kept.created)
    return agree(_object(kept.body), body)


def _made_id(read: ReadLog, project_id: str) -> str:
    digest = content_hash([project_id, read.salt, read.request, read.body])
    match read.kind:
        case "chat_completion":
            return f"chatcmpl-{digest[:32]}"
        case "response":
            return f"resp_{digest[:48]}"
        case _:
            assert_never(read.kind)


def _completed(read: ReadLog, log_id: str, created: int) -> Body:
    """The answer with what clients expect of one, where it lacked that."""
    named = _NAMES[read.kind]
    made: Body = {"id": log_id, "object": named[0], named[1]: created, "model": read.model}
    told = {key: value for key, value in read.body.items() if value not in (None, "")}
    lacking = {key: value for key, value in made.items() if key not in told}
    if read.created is None:
        lacking[named[1]] = created
    return {**read.body, **lacking}


_NAMES: Final[dict[LogKind, tuple[str, str]]] = {
    "chat_completion": ("chat.completion", "created"),
    "response": ("response", "created_at"),
}
"""What the API calls an object of the kind, and the time of it."""


def _terms(read: ReadLog) -> tuple[Term, ...]:
    """What finds the log; it has the model that answered and the name that was asked for."""
    asked = read.request or {}
    if read.kind == "chat_completion":
        terms = completion_terms(read.model, read.metadata)
    else:
        terms = response_terms(read.model, read.metadata, {**read.body, **asked})
    named = asked.get("model")
    also = (text_term("model", named),) if isinstance(named, str) and named else ()
    return tuple(dict.fromkeys((*terms, *also)))


def _object(text: str | None) -> Body:
    value = parse(text or "{}")
    return value if isinstance(value, dict) else {}
