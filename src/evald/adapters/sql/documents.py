"""JSON documents in text columns: where everything is kept that is neither sought nor sorted by."""

from typing import cast

from pydantic import JsonValue

from evald.domain.exact_json import DECODER, dump
from evald.wire.errors import ApiError

Document = dict[str, JsonValue]


def document_text(document: Document) -> str:
    """The text of a document, which any database takes whatever strings it holds.

    NUL and lone surrogates are escaped in it; neither PostgreSQL nor UTF-8 takes them as they are.
    """
    return dump(document)


def read_document(text: str) -> Document:
    """The document of this text, numbers exact.

    Its depth is not checked again: what was let in may have been wrapped once more by us.
    """
    return cast(Document, DECODER.decode(text))


def error_text(error: ApiError | None) -> str | None:
    """The text of an error, if there is one."""
    return None if error is None else document_text({"code": error.code, "message": error.message})


def read_error(text: str | None) -> ApiError | None:
    """The error of this text."""
    return None if text is None else ApiError.model_validate(read_document(text))
