"""What a look at the metrics of this process is made of."""

from collections.abc import Callable
from importlib.metadata import version

from evald.assembly.world import World
from evald.ports.metrics import Gauge
from evald.services.scraping import Scrape
from evald.settings import Settings


def new_scrape(
    settings: Settings,
    world: World,
    *,
    rows_in_flight: Callable[[], int],
    streams: Callable[[], int],
) -> Scrape:
    """The looks at the metrics of this process, which has so many rows and streams of events."""
    build = (("version", version("evald")),)

    def own() -> list[Gauge]:
        return [
            Gauge("evald_build_info", "The version of this process.", 1, build),
            Gauge("evald_rows_in_flight", "Rows that this process works on.", rows_in_flight()),
            Gauge("evald_event_streams", "Clients that follow runs here.", streams()),
        ]

    return Scrape(world.store, world.prometheus, own, has_workers=bool(settings.database_url))
