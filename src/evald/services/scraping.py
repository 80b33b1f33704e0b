"""What is told to whoever collects metrics: what this process counted, and what there is to do."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from evald.ports.metrics import Exposition, Gauge
from evald.ports.store import Store

_log = logging.getLogger("evald.metrics")

PATIENCE_S = 2.0
"""So long the store may take; without it, the rest is told."""

SILENT_S = 15
"""Who has not beaten for so long is no live worker."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """One look at all metrics.

    `own` gives the gauges of this process. `has_workers` says that workers share the store.
    """

    store: Store
    exposition: Exposition
    own: Callable[[], list[Gauge]]
    has_workers: bool

    async def text(self) -> bytes:
        """The metrics in the text format of Prometheus."""
        return await self.exposition.text([*self.own(), *await self._of_store()])

    async def _of_store(self) -> list[Gauge]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                gauges = await self._asked()
        except Exception:  # noqa: BLE001 - an outermost loop
            # While the store is away, metrics are looked at more than ever.
            _log.exception("store_not_asked")
            return [_store_up(0)]
        return [_store_up(1), *gauges]

    async def _asked(self) -> list[Gauge]:
        async with self.store.snapshot() as tx:
            load = await tx.workers.load()
            live = await tx.workers.live(silent_s=SILENT_S) if self.has_workers else []
        means = "Runs that have not ended, of all workers together."
        gauges = [
            Gauge("evald_runs", means, load.queued_runs, (("status", "queued"),)),
            Gauge("evald_runs", means, load.runs_in_progress, (("status", "in_progress"),)),
            Gauge(
                "evald_rows_to_do",
                "Rows of runs in progress without an output item, of all workers together.",
                load.rows_to_do,
            ),
        ]
        if self.has_workers:
            means = f"Workers that have been heard of within {SILENT_S} seconds."
            gauges.append(Gauge("evald_workers_live", means, len(live)))
        return gauges


def _store_up(value: int) -> Gauge:
    return Gauge("evald_store_up", "Whether the store answered this look.", value)
