"""Asking a provider that speaks OpenAI's API, over HTTP."""

import orjson
from pydantic import JsonValue
from yarl import URL

from evald.adapters.http1.answer import (
    MAX_ANSWER_BYTES,
    Answer,
    ConnectionBroken,
    NotHttp,
    NotReached,
)
from evald.adapters.http1.connections import Connections
from evald.adapters.http1.request import RequestHead
from evald.adapters.models.provider import Provider
from evald.adapters.models.refusals import refusal, retry_after_s, without_key
from evald.domain import exact_json
from evald.domain.backoff import DEADLINE_EXCEEDED
from evald.ports.clock import Clock
from evald.ports.model import (
    AnyApi,
    FailureKind,
    ModelAnswer,
    ModelFailure,
    ModelRequest,
)
from evald.wire.model_cards import Model

CONNECT_TIMEOUT_S = 10.0
LIST_TIMEOUT_S = 5.0

_PATHS: dict[AnyApi, str] = {
    "chat_completions": "chat/completions",
    "responses": "responses",
    "embeddings": "embeddings",
}


class OpenAiHttp:
    """One provider's models, asked over HTTP: one attempt a call.

    Args:
        provider: of kind `openai`.
        connections: the process's, from `open_connections`.
        clock: for deadlines.
        attempt_timeout_s: seconds from the first try to connect until the answer is whole.
    """

    def __init__(
        self,
        provider: Provider,
        connections: Connections,
        *,
        clock: Clock,
        attempt_timeout_s: float = 600.0,
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._attempt_timeout_s = attempt_timeout_s
        base = URL(provider.base_url)
        self._origin = connections.origin(base)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if provider.api_key:
            headers["Authorization"] = f"Bearer {provider.api_key}"
        self._heads = {
            api: RequestHead("POST", joined(base, path), headers) for api, path in _PATHS.items()
        }
        self._list_head = RequestHead("GET", joined(base, "models"), headers)
        self._key_missing = is_key_missing(provider)

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The provider's answer to one attempt, or what became of it."""
        if self._key_missing:
            return without_any_key(self._provider)
        began = self._clock.monotonic()
        left_s = request.deadline - began
        if left_s <= 0:
            return self._failure(FailureKind.TIMEOUT, DEADLINE_EXCEEDED, text="was asked too late")
        body = exact_json.dump_bytes(request.body)
        within_s = min(left_s, self._attempt_timeout_s)
        outcome = await self._attempt(self._heads[request.api], body, within_s=within_s)
        if isinstance(outcome, ModelFailure):
            return outcome
        return ModelAnswer(outcome, self._clock.monotonic() - began)

    async def list_models(self) -> list[Model]:
        """The models that the provider lists, in its order; none where it cannot be asked."""
        if self._key_missing:
            return []
        listing = await self._attempt(self._list_head, b"", within_s=LIST_TIMEOUT_S)
        entries = [] if isinstance(listing, ModelFailure) else listing.get("data")
        if not isinstance(entries, list):
            return []
        models = [_listed(entry, self._provider) for entry in entries]
        return [model for model in models if model is not None]

    async def _attempt(
        self, head: RequestHead, body: bytes, *, within_s: float
    ) -> dict[str, JsonValue] | ModelFailure:
        """The object that comes back."""
        # Connecting gets a little less than all, so that running out of time there is told apart
        # from running out of time while a model, perhaps a paid one, is at work.
        connect_s = min(CONNECT_TIMEOUT_S, 0.9 * within_s)
        try:
            answer = await self._origin.ask(
                head.of(body), body, within_s=within_s, connect_s=connect_s
            )
        except NotReached as error:
            return self._failure(
                FailureKind.UNREACHABLE, "unreachable", text="was not reached", error=error
            )
        except TimeoutError:
            text = f"did not answer within {within_s:.4g} s"
            return self._failure(FailureKind.TIMEOUT, "timeout", text=text)
        except NotHttp as error:
            text = "answered with something that is not HTTP"
            return self._failure(FailureKind.MALFORMED, "malformed_answer", text=text, error=error)
        except ConnectionBroken as error:
            text = "broke the connection before its answer was whole"
            return self._failure(FailureKind.BROKEN, "connection_broken", text=text, error=error)
        return self._outcome(answer)

    def _outcome(self, answer: Answer) -> dict[str, JsonValue] | ModelFailure:
        content = answer.content
        if not 200 <= answer.status < 300:
            return refusal(
                self._provider,
                answer.status,
                content=content,
                retry_after_s=retry_after_s(answer.headers, now=self._clock.now()),
            )
        if len(content) > MAX_ANSWER_BYTES:
            text = f"answered with more than {MAX_ANSWER_BYTES} bytes"
            return self._failure(FailureKind.MALFORMED, "answer_too_large", text=text)
        try:
            return _object(content)
        except ValueError as error:
            text = "answered with something that is not a JSON object"
            return self._failure(FailureKind.MALFORMED, "malformed_answer", text=text, error=error)
        except _NoObject:
            # Without our key before it is cut: half a key is a key too.
            shown = without_key(content.decode(errors="replace"), self._provider)[:40]
            text = f"answered with JSON that is no object; it begins with {shown!r}"
            return self._failure(FailureKind.MALFORMED, "malformed_answer", text=text)

    def _failure(
        self, kind: FailureKind, code: str, *, text: str, error: Exception | None = None
    ) -> ModelFailure:
        message = f"Provider '{self._provider.name}' at {self._provider.address} {text}"
        reason = str(error or "")
        message += f": {reason}" if reason else "."
        return ModelFailure(kind, code, without_key(message, self._provider))


def is_key_missing(provider: Provider) -> bool:
    """Whether there is no use in asking the provider, since it is OpenAI and has no key."""
    return not provider.api_key and URL(provider.base_url).host == "api.openai.com"


def without_any_key(provider: Provider) -> ModelFailure:
    """Why a provider without the key that it needs is not asked."""
    where = (
        "name the variable that holds it as its api_key_env"
        if provider.models
        else "set EVALD_UPSTREAM_API_KEY or OPENAI_API_KEY"
    )
    return ModelFailure(
        FailureKind.UNSERVED,
        "provider_key_missing",
        f"Provider '{provider.name}' at {provider.address} has no API key: {where}.",
    )


def joined(base: URL, path: str) -> URL:
    """The URL of a path below a base URL."""
    # A query of the base URL stays: `https://….azure.com/openai/v1?api-version=preview`.
    return base.with_path(f"{base.raw_path.rstrip('/')}/{path}", encoded=True, keep_query=True)


class _NoObject(Exception):
    """JSON came, and no object."""


def _object(content: bytes) -> dict[str, JsonValue]:
    try:
        value: JsonValue = orjson.loads(content)
    except orjson.JSONDecodeError:  # the standard library's parser knows lone surrogates
        value = exact_json.parse(content.decode("utf-8-sig"))
    if not isinstance(value, dict):
        raise _NoObject
    exact_json.refuse_depth(value, brackets=content.count(b"[") + content.count(b"{"))
    return value


def _listed(entry: JsonValue, provider: Provider) -> Model | None:
    if not isinstance(entry, dict):
        return None
    model_id, created, owner = entry.get("id"), entry.get("created"), entry.get("owned_by")
    if not isinstance(model_id, str):
        return None
    return Model(
        id=model_id,
        created=created if isinstance(created, int) and created >= 0 else 0,
        owned_by=owner if isinstance(owner, str) else provider.name,
    )
