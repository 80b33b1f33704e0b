"""Events of the log as lines of JSON."""

import json
import logging
import sys
from typing import Any

import pytest

from evald.assembly.logs import JsonLines


def line(msg: str, *args: object, name: str = "evald.engine", exc_info: Any = None) -> Any:
    record = logging.LogRecord(name, logging.WARNING, "", 0, msg, args, exc_info)
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_an_event_has_time_level_logger_name_and_fields() -> None:
    told = line("run_planned run=%s shards=%s", "evalrun_1", 3)

    assert list(told) == ["time", "level", "logger", "event", "fields"]
    assert told["time"].endswith("+00:00")
    assert (told["level"], told["logger"]) == ("warning", "evald.engine")
    assert (told["event"], told["fields"]) == ("run_planned", {"run": "evalrun_1", "shards": 3})


@pytest.mark.parametrize(
    ("msg", "args", "event", "fields"),
    [
        ("worker_ready", (), "worker_ready", {}),
        ("log_not_kept log=%s after=%.0fs", ("c", 30.0), "log_not_kept", {"log": "c", "after": 30}),
        ("delivery_attempted status=%s", (None,), "delivery_attempted", {"status": None}),
        ("row_failed run=%s row=%d", ("r", 7), "row_failed", {"run": "r", "row": 7}),
        ("crashed", (), "crashed", {}),
        ("No key is configured.", (), "said", {"message": "No key is configured."}),
    ],
)
def test_fields_are_values_and_sentences_are_messages(
    msg: str, args: tuple[object, ...], event: str, fields: dict[str, Any]
) -> None:
    told = line(msg, *args)

    assert (told["event"], told["fields"]) == (event, fields)


def test_what_a_library_says_is_said() -> None:
    assert line("done n=%d", 3, name="uvicorn.error")["event"] == "said"


def test_a_value_with_a_newline_stays_within_its_line() -> None:
    told = line("worker_starting data_dir=%s", 'a\n{"level":"x"}\ud800')

    assert told["fields"]["data_dir"].startswith("a\n{")


def test_where_something_was_raised_is_a_field() -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        told = line("shard_failed run=%s shard=%d", "r", 1, exc_info=sys.exc_info())

    assert "ZeroDivisionError" in told["fields"]["trace"]
    assert told["fields"]["shard"] == 1
