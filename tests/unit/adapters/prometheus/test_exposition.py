"""What a scrape reads, as Prometheus's own parser understands it."""

import asyncio
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from evald.adapters.prometheus.exposition import Prometheus, series_of
from evald.ports.metrics import Gauge, Metrics

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: bytes) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def told(prometheus: Prometheus, *gauges: Gauge) -> Samples:
    return samples(asyncio.run(prometheus.text(gauges)))


def test_every_count_has_a_series() -> None:
    assert len(series_of(Prometheus().metrics)) == len(Metrics.__slots__)


def test_counters_and_tokens_are_read_back() -> None:
    prometheus = Prometheus()
    prometheus.metrics.model_retries.count("default", by=4)
    prometheus.metrics.tokens.add('a "model"\\', given=12, cached=5, made=3)

    found = told(prometheus)

    assert found["evald_model_retries_total", (("provider", "default"),)] == 4
    labels = (("kind", "cached"), ("model", 'a "model"\\'))
    assert found["evald_tokens_total", labels] == 5


def test_buckets_hold_all_that_is_below_their_bound() -> None:
    prometheus = Prometheus()
    for seconds in (0.02, 0.3, 3_000.0):
        prometheus.metrics.rows.time(seconds, "pass")

    found = told(prometheus)

    at = {bound: found["evald_row_seconds_bucket", (("le", bound), ("outcome", "pass"))] for bound
          in ("0.01", "0.05", "0.5", "600.0", "+Inf")}  # fmt: skip
    assert at == {"0.01": 0, "0.05": 1, "0.5": 2, "600.0": 2, "+Inf": 3}
    assert found["evald_row_seconds_count", (("outcome", "pass"),)] == 3


def test_gauges_of_one_name_stand_together() -> None:
    queued = Gauge("evald_runs", "Runs.", 2, (("status", "queued"),))
    going = Gauge("evald_runs", "Runs.", 1, (("status", "in_progress"),))

    found = told(Prometheus(), queued, Gauge("evald_rows_in_flight", "Rows.", 7), going)

    assert found["evald_runs", (("status", "in_progress"),)] == 1
    assert found["evald_rows_in_flight", ()] == 7


@pytest.mark.slow
def test_what_writes_the_text_is_loaded_when_it_is_asked_for() -> None:
    code = (
        "import sys, evald.assembly.server\n"
        "sys.exit(any(name.startswith('prometheus_client') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
