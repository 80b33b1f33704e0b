"""What every use case is handed: the ports, and the few settings that show in answers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from evald.graders.tools import GraderTools
from evald.ports.archive_source import Archives
from evald.ports.blobs import Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.model import ModelCatalog
from evald.ports.relay import Relays
from evald.ports.sandbox import Sandbox
from evald.ports.store import Store
from evald.ports.traces import NO_TRACES, Traces
from evald.ports.vault import Vault
from evald.ports.webhooks import Postman
from evald.ports.work import ImportWork, Work
from evald.services.comparison_memory import ComparisonMemory
from evald.services.group_memory import GroupMemory
from evald.services.log_keeper import LogKeeper
from evald.services.report_memory import ReportMemory
from evald.services.row_labels import LabelMemory
from evald.services.run_watch import RunWatch
from evald.services.scraping import Scrape


@dataclass(frozen=True, slots=True)
class WebhookTools:
    """What endpoints of webhooks need: who knows where letters may go, and who seals secrets."""

    postman: Postman
    vault: Vault


@dataclass(frozen=True, slots=True)
class Context:
    """The world as use cases see it.

    `grader_tools` makes what a grader works with until a moment of the monotonic clock.
    `public_url` is where pages are reached, without a slash at its end. `max_file_bytes` and
    `max_row_bytes` bound an uploaded file and one row of a data source, `max_archive_bytes` an
    archive to be imported.
    """

    store: Store
    blobs: Blobs
    clock: Clock
    work: Work
    cpu: Cpu
    catalog: ModelCatalog
    grader_tools: Callable[[float], GraderTools]
    sandbox: Sandbox
    public_url: str
    max_file_bytes: int
    max_row_bytes: int
    archives: Archives
    desk: ImportWork
    max_archive_bytes: int
    relays: Relays
    logs: LogKeeper
    webhook_tools: WebhookTools
    run_watch: RunWatch
    scrape: Scrape
    metrics: Metrics = NO_METRICS
    traces: Traces = NO_TRACES
    group_memory: GroupMemory = field(default_factory=GroupMemory)
    report_memory: ReportMemory = field(default_factory=ReportMemory)
    comparison_memory: ComparisonMemory = field(default_factory=ComparisonMemory)
    label_memory: LabelMemory = field(default_factory=LabelMemory)
