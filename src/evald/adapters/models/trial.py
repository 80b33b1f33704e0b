"""One cheap call to a provider, to see whether it answers and what it says of the time."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import orjson
from pydantic import JsonValue
from yarl import URL

from evald.adapters.models.provider import Provider
from evald.adapters.models.refusals import refusal, without_key
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelFailure

TIMEOUT_S = 10.0
MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Trial:
    """How many models the provider lists, or why it is not known.

    `ahead_s` is by how many seconds this machine's clock is ahead of the provider's, negative
    where it is behind, exact to a second and the time that the answer took; None where the
    provider does not tell the time.
    """

    outcome: int | ModelFailure
    seconds: float
    ahead_s: int | None = None


async def try_listing(provider: Provider, session: aiohttp.ClientSession, clock: Clock) -> Trial:
    """What comes of asking a provider of kind `openai` once for its models."""
    began = clock.monotonic()
    try:
        async with session.get(
            _list_url(provider),
            headers=_headers(provider),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            allow_redirects=False,
        ) as response:
            ahead_s = _ahead_s(response.headers.get("Date"), clock.now())
            outcome = await _outcome(provider, response)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        ahead_s, outcome = None, _failure(provider, FailureKind.UNREACHABLE, str(error))
    except TimeoutError:
        words = f"no answer within {TIMEOUT_S:.0f} s"
        ahead_s, outcome = None, _failure(provider, FailureKind.TIMEOUT, words)
    except (aiohttp.ClientError, OSError) as error:
        words = f"{type(error).__name__}: {error}"
        ahead_s, outcome = None, _failure(provider, FailureKind.BROKEN, words)
    return Trial(outcome, clock.monotonic() - began, ahead_s)


def _list_url(provider: Provider) -> URL:
    base = URL(provider.base_url)
    path = f"{base.raw_path.rstrip('/')}/models"
    return base.with_path(path, encoded=True, keep_query=True)


def _headers(provider: Provider) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if provider.api_key:
        headers["Authorization"] = f"Bearer {provider.api_key}"
    return headers


async def _outcome(provider: Provider, response: aiohttp.ClientResponse) -> int | ModelFailure:
    content = bytearray()
    while len(content) <= MAX_BYTES and (piece := await response.content.readany()):
        content += piece
    if not 200 <= response.status < 300:
        return refusal(provider, response.status, content=bytes(content), retry_after_s=None)
    models = _models(bytes(content))
    if models is None:
        return _failure(provider, FailureKind.MALFORMED, "the answer is no list of models")
    return len(models)


def _models(content: bytes) -> list[JsonValue] | None:
    try:
        body: JsonValue = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    models = body.get("data") if isinstance(body, dict) else None
    return models if isinstance(models, list) else None


def _ahead_s(date: str | None, now: int) -> int | None:
    try:
        return None if date is None else now - int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None


def _failure(provider: Provider, kind: FailureKind, words: str) -> ModelFailure:
    return ModelFailure(kind, kind.value, without_key(words, provider))
