"""What of a response does not come from the model: its id and time, and the request's own words."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

_PREFIX = "resp_"

# In the order of the hosted service's, as far as it is documented; what was not asked for has the
# default that is in force, or null.
_ECHOED: Mapping[str, JsonValue] = {
    "background": False,
    "conversation": None,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt": None,
    "prompt_cache_key": None,
    "prompt_cache_options": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_NEVER: Mapping[str, JsonValue] = dict.fromkeys(
    (
        "access_programs",
        "image",
        "input_transformations",
        "moderation",
        "prompt_cache_diagnostics",
        "tool_usage",
    )
)
"""What a response can have, and one of chat completions never has."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a response is to be called, when it was asked for (Unix seconds), and how.

    `request` is the request of Responses as its caller made it, `store` and `metadata` included.
    """

    id: str
    created_at: int
    request: Mapping[str, JsonValue]

    def item_id(self, prefix: str, index: int) -> str:
        """The id of the item at this place of the output: of one response no two are the same."""
        return f"{prefix}_{self.id.removeprefix(_PREFIX)}{index:02x}"

    def response(self, **said: JsonValue) -> dict[str, JsonValue]:
        """The response with every field it can have, in progress but for what is said of it."""
        bare: dict[str, JsonValue] = {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": "in_progress",
            "completed_at": None,
            "error": None,
            "incomplete_details": None,
            "model": self.request.get("model"),
            "output": [],
            "service_tier": self.request.get("service_tier"),
            "usage": None,
        }
        return {**bare, **self._echo(), **_NEVER, **said}

    def _echo(self) -> dict[str, JsonValue]:
        given = self.request
        return {
            key: default if given.get(key) is None else given[key]
            for key, default in _ECHOED.items()
        }
