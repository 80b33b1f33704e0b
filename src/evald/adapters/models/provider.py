"""A provider: who serves which models, and where."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from evald.adapters.models.pace import ANY_PACE, Pace
from evald.ports.relay import ResponsesSupport

ProviderKind = Literal["openai", "python"]

MAX_MESSAGE = 1_000
"""So many characters of a provider's own words are kept."""


class ProviderMisconfigured(Exception):
    """A provider cannot be asked as it stands; the message names it and never its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider, as the operator configured it.

    `models` are glob patterns, case and all; a provider without any is the default one, which
    serves every model that no other claims. `base_url` is what `/chat/completions` is appended to,
    a query of it stays behind that. `target` is `module:function` of a `python` provider.
    `forward_store` says whether `store` and `metadata` go along in what is passed on to it.

    Raises:
        ProviderMisconfigured: no request could be sent to it.
    """

    name: str
    base_url: str = ""
    api_key: str | None = field(default=None, repr=False)
    models: tuple[str, ...] = ()
    max_concurrency: int = 64
    pace: Pace = ANY_PACE
    kind: ProviderKind = "openai"
    target: str | None = None
    forward_store: bool = False
    responses: ResponsesSupport = "native"

    def __post_init__(self) -> None:
        if self.max_concurrency < 1:
            raise ProviderMisconfigured(
                f"Provider '{self.name}' has max_concurrency {self.max_concurrency}; "
                "at least 1 is needed."
            )
        if self.kind == "openai":
            self._refuse_base_url()
        elif not self.target:
            raise ProviderMisconfigured(
                f"Provider '{self.name}' is of type python and has no target; "
                "'module:function' is needed."
            )
        self._refuse_key()

    def _refuse_base_url(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ProviderMisconfigured(
                f"Provider '{self.name}' has base_url '{parts.scheme}://{parts.hostname or ''}'; "
                "an http or https address with a host is needed."
            )
        if parts.username is not None or parts.password is not None:
            # It would go into messages and logs, and aiohttp makes an Authorization of its own
            # from it.
            raise ProviderMisconfigured(
                f"Provider '{self.name}' has a user name or password in its base_url; "
                "a key belongs into the environment variable that api_key_env names."
            )

    def _refuse_key(self) -> None:
        key = self.api_key
        if key is not None and not (key.isascii() and key.isprintable()):
            raise ProviderMisconfigured(
                f"The API key of provider '{self.name}' holds a character that no header may "
                "hold, such as a line break; the key alone is needed."
            )

    @property
    def address(self) -> str:
        """The base URL without its query, as messages name it."""
        return urlsplit(self.base_url)._replace(query="", fragment="").geturl()
