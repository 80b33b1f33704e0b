"""The world of a process that carries out runs: what it opens, serving or not, until its end."""

import asyncio
import ctypes
import os
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from evald.adapters.clock import SystemClock
from evald.adapters.dbos.errors import DurableFileUnusable
from evald.adapters.http1.connections import open_connections
from evald.adapters.models.routing import RoutedModels
from evald.adapters.prometheus.exposition import Prometheus
from evald.adapters.sql.store import SqlStore
from evald.adapters.threads import ThreadCpu
from evald.assembly.data_folder import FolderInUse
from evald.assembly.providers import ConfigInvalid, Surroundings, build_models, read_providers
from evald.assembly.sandbox import opened_sandbox
from evald.assembly.similarity import similarity_tools
from evald.assembly.storage import UNUSABLE_STORAGE, durable_place, opened_storage
from evald.assembly.traces import TracesUnusable, opened_traces
from evald.assembly.webhooks import WebhookUnusable, webhook_tools
from evald.assembly.worker import Duty, Worker, worker_card
from evald.engine.context import LOCAL, EngineContext, LogLimits
from evald.engine.courier import Courier, CourierTools
from evald.graders.similarity.choices import FuzzyChoice
from evald.graders.tools import GraderDefaults, GraderTools, SimilarityTools
from evald.ports.blobs import Blobs
from evald.ports.sandbox import Sandbox
from evald.ports.traces import Traces
from evald.services.context import WebhookTools
from evald.settings import Settings

OPEN_FILES = 65_536

M_ARENA_MAX = -8
HEAPS = 2
"""What glibc calls the number of its heaps, and how many there are to be."""

HOUR_S = 3_600.0
DAY_S = 86_400

UNUSABLE = (
    FolderInUse,
    ConfigInvalid,
    DurableFileUnusable,
    WebhookUnusable,
    TracesUnusable,
    *UNUSABLE_STORAGE,
)
"""What keeps a process from starting, each with a sentence for its operator."""


@dataclass(frozen=True, slots=True)
class World:
    """What a process keeps open until its end."""

    store: SqlStore
    blobs: Blobs
    clock: SystemClock
    models: RoutedModels
    grader_tools: Callable[[float], GraderTools]
    sandbox: Sandbox
    webhook_tools: WebhookTools
    prometheus: Prometheus
    traces: Traces


def allow_open_files() -> None:
    """As many files and connections at once as this process may have, up to 65,536.

    Many systems start a process with 1,024, which idle connections alone would use up.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(most, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def share_memory_among_threads() -> None:
    """All threads allocate from few heaps: each of glibc's own keeps some megabytes of its own."""
    with suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, which halves the cost of a socket; asyncio's own where it is not to be had."""
    try:
        return import_module("uvloop").new_event_loop()  # type: ignore[no-any-return]
    except ImportError:
        return asyncio.new_event_loop()


@asynccontextmanager
async def opened_world(settings: Settings, folder: Path) -> AsyncIterator[World]:
    """The world that the settings name, open while the block lasts.

    Raises:
        ConfigInvalid: the config file, or a variable that it names, cannot be used.
        SchemaTooNew, DatabaseUnusable, UrlUnusable: the database cannot be used.
        TracesUnusable: spans are to be kept, and the extra for them is not installed.
    """
    clock, prometheus = SystemClock(), Prometheus()
    providers = read_providers(settings, os.environ)
    async with (
        opened_traces(settings) as traces,
        opened_storage(settings, folder, clock) as storage,
        open_connections() as connections,
    ):
        around = Surroundings(
            connections, clock, settings, metrics=prometheus.metrics, traces=traces
        )
        models = build_models(providers, around)
        async with (
            similarity_tools(settings, models, clock) as similarity,
            opened_sandbox(settings) as sandbox,
        ):
            yield World(
                store=storage.store,
                blobs=storage.blobs,
                clock=clock,
                models=models,
                grader_tools=_grader_tools(settings, models, similarity, sandbox),
                sandbox=sandbox,
                webhook_tools=webhook_tools(settings, folder),
                prometheus=prometheus,
                traces=traces,
            )


def new_worker(settings: Settings, folder: Path, world: World) -> Worker:
    """The worker of this folder."""
    card = worker_card(settings, folder)
    return Worker(
        _engine_context(settings, world, worker_id=LOCAL if card is None else card.id),
        Duty(
            database=durable_place(settings, folder),
            card=card,
            max_runs=settings.max_runs,
            prepare=world.store.load_orm,
            share=world.models.take_share,
        ),
    )


def new_courier(world: World) -> Courier:
    """Who tells endpoints of runs that end."""
    tools = world.webhook_tools
    return Courier(
        CourierTools(
            store=world.store,
            clock=world.clock,
            postman=tools.postman,
            vault=tools.vault,
            metrics=world.prometheus.metrics,
        )
    )


def _engine_context(settings: Settings, world: World, *, worker_id: str) -> EngineContext:
    return EngineContext(
        store=world.store,
        blobs=world.blobs,
        clock=world.clock,
        cpu=ThreadCpu(),
        model=world.models,
        grader_tools=world.grader_tools,
        concurrency_of=world.models.max_concurrency,
        item_timeout_s=settings.item_timeout_s,
        run_timeout_s=settings.run_timeout_h * HOUR_S or None,
        max_row_bytes=settings.max_row_bytes,
        log_limits=LogLimits(
            max_age_s=settings.log_max_age_days * DAY_S or None,
            max_bytes=settings.log_max_bytes or None,
        ),
        worker_id=worker_id,
        metrics=world.prometheus.metrics,
        traces=world.traces,
    )


def _grader_tools(
    settings: Settings, models: RoutedModels, similarity: SimilarityTools, sandbox: Sandbox
) -> Callable[[float], GraderTools]:
    """How graders get their tools, in runs and in single grader runs alike."""
    cpu = ThreadCpu()
    defaults = GraderDefaults(
        multi_threshold=settings.multi_threshold,
        python_threshold=settings.python_threshold,
        score_model_threshold=settings.score_model_threshold,
        fuzzy_match=FuzzyChoice(settings.fuzzy_match, settings.fuzzy_processor),
    )

    def until(deadline: float) -> GraderTools:
        return GraderTools(
            model=models,
            cpu=cpu,
            similarity=similarity,
            sandbox=sandbox,
            deadline=deadline,
            defaults=defaults,
        )

    return until
