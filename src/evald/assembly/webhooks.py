"""Webhooks: from settings to whoever carries letters and whoever seals secrets."""

from pathlib import Path

from evald.adapters.postman import HttpPostman
from evald.adapters.vault import AesVault
from evald.assembly.data_folder import vault_secret
from evald.domain.errors import InvalidValue
from evald.domain.webhooks.signature import SecretUnusable
from evald.services.context import Context, WebhookTools
from evald.services.keys import DEFAULT_PROJECT
from evald.services.webhooks import set_operator_webhook
from evald.settings import Settings


class WebhookUnusable(Exception):
    """The endpoint that the settings name cannot be one; the message says why."""


def webhook_tools(settings: Settings, folder: Path) -> WebhookTools:
    """The postman and the vault."""
    allow_private = settings.webhook_allow_private == "true"
    secret = settings.secret_key.encode() or vault_secret(folder)
    return WebhookTools(HttpPostman(allow_private=allow_private), AesVault(secret))


async def name_operators_endpoint(settings: Settings, context: Context) -> None:
    """The endpoint that the settings name is kept, or there is none.

    Raises:
        WebhookUnusable: nothing can be delivered there, or nothing signed.
    """
    url, secret = settings.webhook_url, settings.webhook_secret
    if url and not secret:
        message = "EVALD_WEBHOOK_URL is set, and EVALD_WEBHOOK_SECRET is not: both are needed."
        raise WebhookUnusable(message)
    try:
        await set_operator_webhook(context, DEFAULT_PROJECT, url=url, secret=secret)
    except InvalidValue as problem:
        message = f"EVALD_WEBHOOK_URL cannot be used: {problem.message}"
        raise WebhookUnusable(message) from None
    except SecretUnusable as problem:
        message = f"EVALD_WEBHOOK_SECRET cannot be used: {problem}."
        raise WebhookUnusable(message) from None
