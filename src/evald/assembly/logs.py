"""Logs: events with fields, one a line, on standard error; never a key, prompt or output."""

import asyncio
import logging


def configure_logs(level: str) -> None:
    """Our own loggers speak from this level on; libraries only from warnings on."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("evald").setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut)


def _is_no_cut(record: logging.LogRecord) -> bool:
    # uvicorn counts the requests that it cuts off at the process's end, and then tells of each as
    # of a crash, with a stack trace.
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)
