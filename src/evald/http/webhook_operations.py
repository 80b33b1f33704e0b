"""The operations of webhooks, which are ours."""

from evald.http.operation import Operation
from evald.http.routes import webhooks
from evald.wire.pages import ListQuery
from evald.wire.webhooks import (
    CreatedWebhook,
    CreateWebhookRequest,
    DeletedWebhook,
    Webhook,
    WebhookDelivery,
)

WEBHOOKS = "/v1/evald/webhooks"
WEBHOOK = WEBHOOKS + "/{webhook_id}"

WEBHOOK_OPERATIONS = [
    Operation(
        "createWebhook",
        "POST",
        WEBHOOKS,
        webhooks.create_webhook,
        takes=CreateWebhookRequest,
        gives=CreatedWebhook,
        status=201,
    ),
    Operation(
        "listWebhooks", "GET", WEBHOOKS, webhooks.list_webhooks, gives=Webhook, gives_list=True
    ),
    Operation("getWebhook", "GET", WEBHOOK, webhooks.get_webhook, gives=Webhook),
    Operation("deleteWebhook", "DELETE", WEBHOOK, webhooks.delete_webhook, gives=DeletedWebhook),
    Operation(
        "listWebhookDeliveries",
        "GET",
        WEBHOOK + "/deliveries",
        webhooks.list_deliveries,
        query=ListQuery,
        gives=WebhookDelivery,
        gives_list=True,
    ),
]
