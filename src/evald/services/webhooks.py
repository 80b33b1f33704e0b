"""Webhooks: create, list, get, delete, and the log of deliveries."""

from dataclasses import replace

from evald.domain.errors import InvalidValue, UnknownCursor, WebhookNotFound
from evald.domain.webhooks.signature import key_of, new_secret
from evald.ports.kept import Page
from evald.ports.store import CursorUnknown
from evald.ports.webhooks import StoredDelivery, StoredWebhook
from evald.services.context import Context
from evald.wire.ids import IdPrefix
from evald.wire.pages import ListQuery
from evald.wire.webhooks import (
    EVERY_EVENT,
    CreatedWebhook,
    CreateWebhookRequest,
    DeletedWebhook,
    Webhook,
    WebhookDelivery,
)

MAX_WEBHOOKS = 20
"""A project has no more: each run that ends is told to all of them."""

OPERATORS = "webhook_operator"
"""The id of the endpoint that the server's settings name."""


async def create_webhook(
    context: Context, project_id: str, request: CreateWebhookRequest
) -> CreatedWebhook:
    """The endpoint that was made, with its secret, which is shown this once.

    Raises:
        InvalidValue: no delivery may go to its address, or the project has too many endpoints.
    """
    secret = _random_secret(context)
    webhook = _new_webhook(context, project_id, request, secret)
    async with context.store.transaction() as tx:
        if len(await tx.webhooks.all(project_id)) >= MAX_WEBHOOKS:
            raise InvalidValue(
                f"The project has {MAX_WEBHOOKS} webhooks, the most it may have; delete one first."
            )
        await tx.webhooks.insert(webhook)
    return CreatedWebhook(**dict(_shown(webhook)), secret=secret)


async def list_webhooks(context: Context, project_id: str) -> list[Webhook]:
    """Every endpoint of the project, oldest first."""
    async with context.store.snapshot() as tx:
        return [_shown(each) for each in await tx.webhooks.all(project_id)]


async def get_webhook(context: Context, project_id: str, webhook_id: str) -> Webhook:
    """The endpoint.

    Raises:
        WebhookNotFound: there is no such one.
    """
    async with context.store.snapshot() as tx:
        found = await tx.webhooks.get(project_id, webhook_id)
    if found is None:
        raise WebhookNotFound(webhook_id)
    return _shown(found)


async def delete_webhook(context: Context, project_id: str, webhook_id: str) -> DeletedWebhook:
    """Says that the endpoint is gone; what was still to be delivered to it is not.

    Raises:
        WebhookNotFound: there is no such one.
    """
    async with context.store.transaction() as tx:
        if not await tx.webhooks.delete(project_id, webhook_id):
            raise WebhookNotFound(webhook_id)
    return DeletedWebhook(id=webhook_id)


async def list_deliveries(
    context: Context, project_id: str, webhook_id: str, query: ListQuery
) -> Page[WebhookDelivery]:
    """A page of what was, and is still to be, delivered to the endpoint.

    Raises:
        WebhookNotFound: there is no such endpoint.
        UnknownCursor: `after` is no delivery of it.
    """
    await get_webhook(context, project_id, webhook_id)
    async with context.store.snapshot() as tx:
        try:
            page = await tx.webhooks.deliveries(project_id, webhook_id, query)
        except CursorUnknown:
            raise UnknownCursor(str(query.after)) from None
    return Page([_logged(each) for each in page.rows], page.has_more)


async def set_operator_webhook(context: Context, project_id: str, *, url: str, secret: str) -> None:
    """The endpoint that the server's settings name is this one; without an address, there is none.

    Raises:
        InvalidValue: nothing may be delivered to the address.
        SecretUnusable: the secret is none.
    """
    webhook = None
    if url:
        key_of(secret)
        webhook = _new_webhook(context, project_id, CreateWebhookRequest(url=url), secret)
        webhook = replace(webhook, id=OPERATORS)
    async with context.store.transaction() as tx:
        kept = await tx.webhooks.get(project_id, OPERATORS)
        if kept is not None and (webhook is None or kept.url != webhook.url):
            await tx.webhooks.delete(project_id, OPERATORS)
        if webhook is not None:
            await tx.webhooks.put(webhook)


def _new_webhook(
    context: Context, project_id: str, request: CreateWebhookRequest, secret: str
) -> StoredWebhook:
    refused = context.webhook_tools.postman.refusal(request.url)
    if refused is not None:
        raise InvalidValue(f"Nothing can be delivered to this 'url': {refused}.", param="url")
    return StoredWebhook(
        id=context.clock.new_id(IdPrefix.WEBHOOK),
        project_id=project_id,
        url=request.url,
        events=tuple(dict.fromkeys(request.events or EVERY_EVENT)),
        created_at=context.clock.now(),
        sealed_secret=context.webhook_tools.vault.seal(secret),
    )


def _random_secret(context: Context) -> str:
    """A secret of 244 random bits."""
    digits = (context.clock.new_uuid() + context.clock.new_uuid()).replace("-", "")
    return new_secret(bytes.fromhex(digits))


def _shown(webhook: StoredWebhook) -> Webhook:
    return Webhook(
        id=webhook.id,
        url=webhook.url,
        events=list(webhook.events),
        created_at=webhook.created_at,
    )


def _logged(delivery: StoredDelivery) -> WebhookDelivery:
    return WebhookDelivery(
        id=delivery.id,
        webhook_id=delivery.webhook_id,
        event_id=delivery.event_id,
        type=delivery.type,
        run_id=delivery.run_id,
        status=delivery.status,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        last_attempt_at=delivery.last_attempt_at,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        next_attempt_at=delivery.next_attempt_at,
    )
