"""Tool calls of Responses in the shape in which chat completions have them, and samples too."""

from pydantic import JsonValue

from evald.domain import exact_json

# Named by the call itself, or (`result`) an image in base64, which no sample carries.
_NOT_AN_ARGUMENT = frozenset({"type", "id", "call_id", "result"})


def is_call(item: dict[str, JsonValue]) -> bool:
    """Whether a Responses item is a call of a tool: ours, the provider's own, or of an MCP server.

    Outputs of calls (`function_call_output`) and lists of tools (`mcp_list_tools`) are not.
    """
    kind = item.get("type")
    return isinstance(kind, str) and kind.endswith("_call")


def chat_call(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A Responses call as an entry of `tool_calls`.

    A provider's own tool is a function named like the item's type, `web_search_call`, and its
    arguments are what else the item holds.

    Source: observed 2025 (that such calls are in `output_tools`); the shape of calls that are not
    of functions is ours.
    """
    match item.get("type"):
        case "function_call" | "mcp_call":
            name, arguments = item.get("name"), item.get("arguments", "")
        case "custom_tool_call":
            name, arguments = item.get("name"), item.get("input", "")
        case _:
            name = None
            arguments = {k: v for k, v in item.items() if k not in _NOT_AN_ARGUMENT}
    function: dict[str, JsonValue] = {
        "name": name if isinstance(name, str) else item.get("type"),
        "arguments": arguments if isinstance(arguments, str) else exact_json.dump(arguments),
    }
    call_id = item.get("call_id")
    return {
        "id": call_id if isinstance(call_id, str) else item.get("id"),
        "type": "function",
        "function": function,
    }


def response_call(call: dict[str, JsonValue]) -> dict[str, JsonValue] | None:
    """An entry of `tool_calls` as a Responses item; None where it is no call of a function."""
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    arguments = function.get("arguments", "")
    return {
        "type": "function_call",
        "call_id": call.get("id"),
        "name": function["name"],
        "arguments": arguments if isinstance(arguments, str) else exact_json.dump(arguments),
    }
