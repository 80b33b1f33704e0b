"""Which SQL keeps webhooks: endpoints, deliveries, and the runs that nobody has been told of."""

from typing import Any, cast

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from evald.adapters.sql.documents import read_document
from evald.adapters.sql.pages import after_key, beyond, read_page
from evald.adapters.sql.runs import UNENDED
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import RUNS, WEBHOOK_DELIVERIES, WEBHOOKS
from evald.domain.exact_json import dump
from evald.domain.webhooks.events import event_type
from evald.ports.kept import Page
from evald.ports.webhooks import EndedRun, StoredDelivery, StoredWebhook
from evald.wire.pages import ListQuery
from evald.wire.webhooks import EventType

_HOOKS = WEBHOOKS.c
_DELIVERIES = WEBHOOK_DELIVERIES.c
_NOTED = ("status", "attempts", "last_attempt_at", "last_status", "last_error", "next_attempt_at")
_NAMED = (
    "id",
    "project_id",
    "webhook_id",
    "event_id",
    "type",
    "run_id",
    "eval_id",
    "created_at",
    *_NOTED,
)

# Built once: at rest they are asked every other second, and to build them takes longer than that.
_UNTOLD = (
    select(RUNS)
    .where(~RUNS.c.is_told, RUNS.c.status.not_in(UNENDED))
    .order_by(RUNS.c.seq)
    .limit(bindparam("most"))
)
_DUE = (
    select(_DELIVERIES.webhook_id)
    .where(_DELIVERIES.next_attempt_at <= bindparam("now"))
    .group_by(_DELIVERIES.webhook_id)
    .order_by(func.min(_DELIVERIES.next_attempt_at), _DELIVERIES.webhook_id)
)


class SqlWebhookTable:
    """Webhooks in tables. Fulfils `evald.ports.webhooks.WebhookTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def insert(self, webhook: StoredWebhook) -> None:
        """The endpoint is kept."""
        self.session.connection.execute(insert(WEBHOOKS).values(_values(webhook)))

    @in_thread
    def put(self, webhook: StoredWebhook) -> None:
        """The endpoint of this id is this one, whether or not there was one before."""
        values = _values(webhook)
        put = insert_or(WEBHOOKS).values(values)
        self.session.connection.execute(
            put.on_conflict_do_update(index_elements=[_HOOKS.id], set_=values)
        )

    @in_thread
    def all(self, project_id: str) -> list[StoredWebhook]:
        """Every endpoint of the project, oldest first."""
        mine = select(WEBHOOKS).where(_HOOKS.project_id == project_id).order_by(_HOOKS.seq)
        return [_webhook(row) for row in self.session.connection.execute(mine)]

    @in_thread
    def get(self, project_id: str, webhook_id: str) -> StoredWebhook | None:
        """The endpoint, if it is there."""
        found = select(WEBHOOKS).where(_HOOKS.project_id == project_id, _HOOKS.id == webhook_id)
        row = self.session.connection.execute(found).one_or_none()
        return None if row is None else _webhook(row)

    @in_thread
    def delete(self, project_id: str, webhook_id: str) -> bool:
        """The endpoint and its deliveries are gone; says whether it was there."""
        gone = self.session.connection.execute(
            delete(WEBHOOKS).where(_HOOKS.project_id == project_id, _HOOKS.id == webhook_id)
        )
        self.session.connection.execute(
            delete(WEBHOOK_DELIVERIES).where(
                _DELIVERIES.project_id == project_id, _DELIVERIES.webhook_id == webhook_id
            )
        )
        return gone.rowcount > 0

    @in_thread
    def untold(self, *, most: int) -> list[EndedRun]:
        """Runs that have ended since, of which nobody has been told; oldest first."""
        return [_ended(row) for row in self.session.connection.execute(_UNTOLD, {"most": most})]

    @in_thread
    def tell(self, ended: EndedRun, deliveries: list[StoredDelivery]) -> None:
        """The deliveries are kept, and this end of the run counts as told.

        Doing it twice changes nothing; of a run that was taken up again, the next end is untold.
        """
        for each in deliveries:
            # An endpoint that was deleted meanwhile is told of nothing.
            there = select(_HOOKS.id).where(_HOOKS.id == each.webhook_id).with_for_update()
            if self.session.connection.scalar(there) is None:
                continue
            values = {name: getattr(each, name) for name in _NAMED}
            self.session.connection.execute(
                insert_or(WEBHOOK_DELIVERIES)
                .values(values)
                .on_conflict_do_nothing(index_elements=[_DELIVERIES.id])
            )
        this_end = (RUNS.c.id == ended.run_id, RUNS.c.chance == ended.chance)
        self.session.connection.execute(update(RUNS).where(*this_end).values(is_told=True))

    @in_thread
    def due_webhooks(self, *, now: int) -> list[str]:
        """The endpoints that something is due for; whoever waits longest first."""
        return list(self.session.connection.scalars(_DUE, {"now": now}))

    @in_thread
    def claim_due(
        self, webhook_id: str, *, now: int, until: int, most: int
    ) -> list[StoredDelivery]:
        """Deliveries to the endpoint whose time has come, the longest waiting first.

        Nobody else gets them before `until`.
        """
        due = (
            select(WEBHOOK_DELIVERIES)
            .where(_DELIVERIES.webhook_id == webhook_id, _DELIVERIES.next_attempt_at <= now)
            .order_by(_DELIVERIES.next_attempt_at, _DELIVERIES.seq)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        claimed = [_delivery(row) for row in self.session.connection.execute(due)]
        self.session.connection.execute(
            update(WEBHOOK_DELIVERIES)
            .where(_DELIVERIES.id.in_([each.id for each in claimed]))
            .values(next_attempt_at=until)
        )
        return claimed

    @in_thread
    def note(self, delivery: StoredDelivery) -> None:
        """What became of an attempt is kept; nothing, where the endpoint is gone."""
        values = {name: getattr(delivery, name) for name in _NOTED}
        self.session.connection.execute(
            update(WEBHOOK_DELIVERIES).where(_DELIVERIES.id == delivery.id).values(values)
        )

    @in_thread
    def deliveries(
        self, project_id: str, webhook_id: str, query: ListQuery
    ) -> Page[StoredDelivery]:
        """A page of the endpoint's deliveries.

        Raises:
            CursorUnknown: `after` is no delivery of the endpoint.
        """
        mine = (_DELIVERIES.project_id == project_id) & (_DELIVERIES.webhook_id == webhook_id)
        key = [cast(Any, _DELIVERIES.seq)]
        connection = self.session.connection
        place = select(*key).where(mine, _DELIVERIES.id == query.after)
        after = after_key(connection, query, place)
        rows = beyond(select(WEBHOOK_DELIVERIES).where(mine), key, after=after, query=query)
        return read_page(connection, rows, _delivery, limit=query.limit)

    @in_thread
    def forget_deliveries(self, *, ended_before: int, most: int) -> int:
        """Up to `most` deliveries that ended before this second are gone; returns how many."""
        old = (
            select(_DELIVERIES.seq)
            .where(_DELIVERIES.next_attempt_at.is_(None), _DELIVERIES.created_at < ended_before)
            .limit(most)
        )
        gone = delete(WEBHOOK_DELIVERIES).where(_DELIVERIES.seq.in_(old.scalar_subquery()))
        return self.session.connection.execute(gone).rowcount


def _values(webhook: StoredWebhook) -> dict[str, str | int]:
    return {
        "id": webhook.id,
        "project_id": webhook.project_id,
        "created_at": webhook.created_at,
        "url": webhook.url,
        "events": dump({"events": [*webhook.events]}),
        "sealed_secret": webhook.sealed_secret,
    }


def _webhook(row: Row[Any]) -> StoredWebhook:
    events = cast(list[EventType], read_document(row.events)["events"])
    return StoredWebhook(
        id=row.id,
        project_id=row.project_id,
        url=row.url,
        events=tuple(events),
        created_at=row.created_at,
        sealed_secret=row.sealed_secret,
    )


def _delivery(row: Row[Any]) -> StoredDelivery:
    return StoredDelivery(**{name: getattr(row, name) for name in _NAMED})


def _ended(row: Row[Any]) -> EndedRun:
    kind = event_type(row.status)
    return EndedRun(
        project_id=row.project_id,
        eval_id=row.eval_id,
        run_id=row.id,
        type=cast(EventType, kind),
        ended_at=row.ended_at or 0,
        chance=row.chance,
    )
