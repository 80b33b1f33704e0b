"""Server-sent events as a client reads them, and metrics as Prometheus's own parser does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what it is called, and its data."""

    name: str
    data: Any


@contextmanager
def followed(http: httpx2.Client, run_id: str) -> Iterator[Iterator[Event]]:
    """The events of a run as they come, while the block lasts."""
    with http.stream("GET", f"/v1/evald/runs/{run_id}/events", timeout=30) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield events_of(answer.iter_lines())


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    """The events that these lines make, comments left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "event" in fields:
            yield Event(fields["event"], json.loads(fields["data"]))
        fields = {}


def scraped(http: httpx2.Client, url: str = "/metrics") -> dict[str, float]:
    """Every sample by its name and its labels, as `name{label=value,…}` in the labels' order."""
    answer = http.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        sample_name(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def sample_name(name: str, labels: dict[str, str]) -> str:
    """The name of a sample with its labels in order."""
    if not labels:
        return name
    return name + "{" + ",".join(f"{key}={labels[key]}" for key in sorted(labels)) + "}"
