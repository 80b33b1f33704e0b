"""Logs as the API's own objects: an answer with what was asked beside it, or by itself."""

from pydantic import JsonValue

from evald.domain.logs.read_log import Body, LogUnreadable, ReadLog, metadata_of, second_of, shown
from evald.domain.logs.terms import LogKind

_OURS = ("store", "metadata")


def is_pair(value: Body) -> bool:
    """Whether it is an answer with what was asked beside it, or a line of a batch's output."""
    return isinstance(value.get("response"), dict)


def read_pair(pair: Body) -> ReadLog:
    """The log of `{"request": …, "response": …, "metadata": …}`.

    The request may be missing. A line of a batch's output has the answer one level deeper, at
    `response.body`. The pair's metadata counts before the request's, and that before the answer's.

    Raises:
        LogUnreadable: it is none.
    """
    request, response = pair.get("request"), pair.get("response")
    if request is not None and not isinstance(request, dict):
        raise LogUnreadable("has a 'request' that is no object")
    answer = response if isinstance(response, dict) else {}
    body = answer.get("body")
    if isinstance(body, dict) and "status_code" in answer:
        request_id = answer.get("request_id")
        answer = {"request_id": request_id, **body} if request_id is not None else body
    return _read(answer, request, pair.get("metadata"))


def read_object(body: Body) -> ReadLog:
    """The log of a chat completion or a response by itself, as the API or its clients give it.

    Raises:
        LogUnreadable: it is none.
    """
    return _read(body, None, None)


def _read(body: Body, request: Body | None, metadata: JsonValue) -> ReadLog:
    kind = _kind(body)
    asked = request or {}
    model = _text(body, "model") or _text(asked, "model")
    if not model:
        raise LogUnreadable("names no model")
    kept = None if request is None else {k: v for k, v in request.items() if k not in _OURS}
    return ReadLog(
        kind=kind,
        id=_text(body, "id"),
        model=model,
        body=_in_api_form(body) if kind == "response" else body,
        request=kept,
        metadata=metadata_of(body.get("metadata"), asked.get("metadata"), metadata),
        created=second_of(body.get("created_at" if kind == "response" else "created")),
        request_id=_text(body, "request_id"),
    )


def _kind(body: Body) -> LogKind:
    """What the answer is.

    Raises:
        LogUnreadable: it is neither a chat completion nor a response.
    """
    named = body.get("object")
    match named:
        case "chat.completion":
            return _completion(body)
        case "response":
            return _response(body)
        case None if "choices" in body:
            return _completion(body)
        case None if "output" in body:
            return _response(body)
        case None if isinstance(body.get("error"), dict):
            raise LogUnreadable("holds an error instead of an answer")
        case "chat.completion.chunk":
            raise LogUnreadable("is a piece of a stream; only whole answers are taken")
        case str():
            raise LogUnreadable(
                f"is a '{shown(named)}', neither a 'chat.completion' nor a 'response'"
            )
        case _:
            raise LogUnreadable("holds neither a chat completion nor a response")


def _completion(body: Body) -> LogKind:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise LogUnreadable("is a chat completion without choices")
    for choice in choices:
        if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
            raise LogUnreadable("is a chat completion with a choice that has no message")
    return "chat_completion"


def _response(body: Body) -> LogKind:
    output = body.get("output")
    if not isinstance(output, list) or not all(isinstance(each, dict) for each in output):
        raise LogUnreadable("is a response without a list of output items")
    return "response"


def _in_api_form(body: Body) -> Body:
    """The response under the API's names: dumps without `by_alias` have `schema_` in its format.

    Source: openai-python 2.x, `types/responses` (the field with an alias).
    """
    text = body.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    if not isinstance(text, dict) or not isinstance(form, dict) or "schema_" not in form:
        return body
    renamed = {"schema" if key == "schema_" else key: value for key, value in form.items()}
    return {**body, "text": {**text, "format": renamed}}


def _text(value: Body, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
