"""What was counted, in the text format of Prometheus, with what the system knows of the process."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from evald.adapters.prometheus.series import Series, TimedSeries
from evald.ports.metrics import Gauge


class _Counted(Collector):
    """What is told this once."""

    def __init__(self, series: Sequence[Series], gauges: Sequence[Gauge]) -> None:
        self._series = series
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Every series and gauge."""
        yield from map(_family, self._series)
        yield from _gauge_families(self._gauges)


def metrics_text(series: Sequence[Series], gauges: Sequence[Gauge]) -> bytes:
    """All of it in version 0.0.4 of the format.

    Gauges of one name stand together. CPU, memory and open files of the process are told where
    there is a /proc to read them from.
    """
    registry = CollectorRegistry()
    registry.register(_Counted(series, gauges))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _family(series: Series) -> Metric:
    if not isinstance(series, TimedSeries):
        counter = CounterMetricFamily(series.name, series.means, labels=series.labels)
        for labels, value in series.values():
            counter.add_metric(labels, value)
        return counter
    histogram = HistogramMetricFamily(series.name, series.means, labels=series.labels)
    bounds = [*map(str, series.bounds_s), "+Inf"]
    for labels, times in series.values():
        buckets = list(zip(bounds, accumulate(times.counts), strict=True))
        histogram.add_metric(labels, buckets, times.sum_s)
    return histogram


def _gauge_families(gauges: Sequence[Gauge]) -> Iterator[Metric]:
    families: dict[str, GaugeMetricFamily] = {}
    for gauge in gauges:
        names = [name for name, _ in gauge.labels]
        family = families.get(gauge.name)
        if family is None:
            family = GaugeMetricFamily(gauge.name, gauge.means, labels=names)
            families[gauge.name] = family
        family.add_metric([value for _, value in gauge.labels], gauge.value)
    yield from families.values()
