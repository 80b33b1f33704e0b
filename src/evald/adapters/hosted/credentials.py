"""Where a hosted API is and what it wants to see before it answers."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

OPENAI = "https://api.openai.com/v1"


class SourceMisconfigured(Exception):
    """No request could be sent; the message says why, and never the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A server and the caller's rights there.

    `azure` sends the key as `api-key`, as Azure OpenAI wants it, and `api_version` as the query
    `api-version`.

    Raises:
        SourceMisconfigured: no request could be sent with them.
    """

    api_key: str = field(repr=False)
    base_url: str = OPENAI
    organization: str | None = None
    project: str | None = None
    azure: bool = False
    api_version: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceMisconfigured(
                "The base URL must be an http or https address with a host, "
                f"such as {OPENAI}; it is '{parts.scheme}://{parts.hostname or ''}'."
            )
        if "@" in parts.netloc:
            raise SourceMisconfigured(
                "The base URL holds a user name or password; a key belongs into OPENAI_API_KEY."
            )
        for name, value in self.headers().items():
            if not (value.isascii() and value.isprintable()):
                raise SourceMisconfigured(
                    f"What would go out as {name} holds a character that no header may hold, "
                    "such as a line break."
                )

    @property
    def address(self) -> str:
        """The base URL without query and slash at its end: what an archive says of its source."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))

    def headers(self) -> dict[str, str]:
        """The headers of every request.

        Source: OpenAI's API reference; for Azure, "Azure OpenAI evaluation" (preview).
        """
        optional = {"OpenAI-Organization": self.organization, "OpenAI-Project": self.project}
        said = {name: value for name, value in optional.items() if value}
        if self.azure:
            return said | {"api-key": self.api_key, "aoai-evals": "preview"}
        return said | {"Authorization": f"Bearer {self.api_key}"}

    def query(self) -> tuple[tuple[str, str], ...]:
        """What stands in the query of every request."""
        return (("api-version", self.api_version),) if self.api_version else ()
