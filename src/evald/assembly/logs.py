"""Logs: events with fields, one a line, on standard error; never a key, prompt or output."""

import logging


def configure_logs(level: str) -> None:
    """Our own loggers speak from this level on; libraries only from warnings on."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("evald").setLevel(level.upper())
