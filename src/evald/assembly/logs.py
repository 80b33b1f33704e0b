"""Logs: events with fields, one a line, on standard error; never a key, prompt or output."""

import asyncio
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

from evald.domain import exact_json

_EVENT = re.compile(r"[a-z][a-z0-9_]*(?: [a-z_]+=%[.0-9]*[a-z]s?)*")
_FIELD = re.compile(r"([a-z_]+)=%")

PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure_logs(level: str, form: Literal["text", "json"] = "text") -> None:
    """Our own loggers speak from this level on; libraries only from warnings on."""
    said = logging.StreamHandler()
    said.setFormatter(JsonLines() if form == "json" else logging.Formatter(PLAIN))
    logging.basicConfig(level=logging.WARNING, handlers=[said])
    logging.getLogger("evald").setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, fields.

    What is said in words, as libraries do, is an event `said` with the field `message`; where
    something was raised, the field `trace` holds where.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        event, fields = _event(record)
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        line: dict[str, JsonValue] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event,
            "fields": fields,
        }
        return exact_json.dump(line)


def _event(record: logging.LogRecord) -> tuple[str, dict[str, JsonValue]]:
    if not record.name.startswith("evald") or not _EVENT.fullmatch(str(record.msg)):
        return "said", {"message": record.getMessage()}
    given = record.args or ()
    values = tuple(given.values()) if isinstance(given, Mapping) else given
    names = _FIELD.findall(str(record.msg))
    return str(record.msg).partition(" ")[0], {
        name: _plain(value) for name, value in zip(names, values, strict=False)
    }


def _plain(value: object) -> JsonValue:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _is_no_cut(record: logging.LogRecord) -> bool:
    # uvicorn counts the requests that it cuts off at the process's end, and then tells of each as
    # of a crash, with a stack trace.
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)
