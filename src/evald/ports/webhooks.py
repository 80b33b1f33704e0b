"""Telling endpoints what happened: what is kept of it, and who carries it there."""

from dataclasses import dataclass
from typing import Protocol

from evald.ports.kept import Page
from evald.wire.pages import ListQuery
from evald.wire.webhooks import DeliveryStatus, EventType


@dataclass(frozen=True, slots=True)
class StoredWebhook:
    """An endpoint; `sealed_secret` can be read by whoever has the server's key."""

    id: str
    project_id: str
    url: str
    events: tuple[EventType, ...]
    created_at: int
    sealed_secret: str


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """One event on its way to one endpoint. Times are in Unix seconds.

    `id` goes with every attempt, so that an endpoint knows one that it has seen. `next_attempt_at`
    is None once the delivery has ended.
    """

    id: str
    project_id: str
    webhook_id: str
    event_id: str
    type: EventType
    run_id: str
    eval_id: str
    created_at: int
    status: DeliveryStatus = "pending"
    attempts: int = 0
    last_attempt_at: int | None = None
    last_status: int | None = None
    last_error: str | None = None
    next_attempt_at: int | None = None


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended and of which nobody has been told yet.

    `chance` counts how often it was taken up again before this end.
    """

    project_id: str
    eval_id: str
    run_id: str
    type: EventType
    ended_at: int
    chance: int = 0


class WebhookTable(Protocol):
    """Endpoints and deliveries, in the order in which they were made."""

    async def insert(self, webhook: StoredWebhook) -> None:
        """The endpoint is kept."""
        ...

    async def put(self, webhook: StoredWebhook) -> None:
        """The endpoint of this id is this one, whether or not there was one before."""
        ...

    async def all(self, project_id: str) -> list[StoredWebhook]:
        """Every endpoint of the project, oldest first."""
        ...

    async def get(self, project_id: str, webhook_id: str) -> StoredWebhook | None:
        """The endpoint, if it is there."""
        ...

    async def delete(self, project_id: str, webhook_id: str) -> bool:
        """The endpoint and its deliveries are gone; says whether it was there."""
        ...

    async def untold(self, *, most: int) -> list[EndedRun]:
        """Runs that have ended since, of which nobody has been told; oldest first."""
        ...

    async def tell(self, ended: EndedRun, deliveries: list[StoredDelivery]) -> None:
        """The deliveries are kept, and this end of the run counts as told.

        Doing it twice changes nothing; of a run that was taken up again, the next end is untold.
        """
        ...

    async def due_webhooks(self, *, now: int) -> list[str]:
        """The endpoints that something is due for; whoever waits longest first."""
        ...

    async def claim_due(
        self, webhook_id: str, *, now: int, until: int, most: int
    ) -> list[StoredDelivery]:
        """Deliveries to the endpoint whose time has come, the longest waiting first.

        Nobody else gets them before `until`.
        """
        ...

    async def note(self, delivery: StoredDelivery) -> None:
        """What became of an attempt is kept; nothing, where the endpoint is gone."""
        ...

    async def deliveries(
        self, project_id: str, webhook_id: str, query: ListQuery
    ) -> Page[StoredDelivery]:
        """A page of the endpoint's deliveries.

        Raises:
            CursorUnknown: `after` is no delivery of the endpoint.
        """
        ...

    async def forget_deliveries(self, *, ended_before: int, most: int) -> int:
        """Up to `most` deliveries that ended before this second are gone; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """One attempt: where to, with which headers, and the bytes."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an attempt: the status that came back, or why none did."""

    status: int | None = None
    error: str | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the endpoint took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Postman(Protocol):
    """Whoever carries letters to endpoints."""

    def refusal(self, url: str) -> str | None:
        """Why no letter may ever go there, by the address alone; None where one may."""
        ...

    async def carry(self, letter: Letter) -> Receipt:
        """What became of one attempt. Redirects are not followed."""
        ...
