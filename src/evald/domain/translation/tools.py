"""Tools and the choice among them as chat completions spell them: functions, and nothing else."""

from pydantic import JsonValue

from evald.domain.conversation.parts import without_nulls
from evald.domain.errors import InvalidType
from evald.domain.translation.uncarried import uncarried

_ONLY_FUNCTIONS = "the only tools that they take everywhere are functions"
_OF_A_FUNCTION = ("name", "description", "parameters", "strict")
_MODES = ("none", "auto", "required")


def chat_tools(tools: JsonValue) -> list[JsonValue]:
    """The tools in the spelling of chat completions.

    Raises:
        UnsupportedParameter: one is not a function, or has a field that functions lack there.
        InvalidType: it is no list of objects.
    """
    if tools is None:
        return []
    if not isinstance(tools, list):
        raise InvalidType("'tools' must be a list.", param="tools")
    return [_chat_tool(tool, f"tools[{place}]") for place, tool in enumerate(tools)]


def chat_tool_choice(choice: JsonValue) -> JsonValue:
    """The choice in the spelling of chat completions; null where none was made.

    Raises:
        UnsupportedParameter: it names what is no function.
    """
    if choice is None or choice in _MODES:
        return choice
    if isinstance(choice, dict):
        match choice.get("type"):
            case "function":
                return {"type": "function", "function": {"name": choice.get("name")}}
            case "allowed_tools":
                return {"type": "allowed_tools", "allowed_tools": _allowed(choice)}
    raise uncarried("tool_choice", why=_ONLY_FUNCTIONS)


def _chat_tool(given: JsonValue, field: str) -> JsonValue:
    if not isinstance(given, dict):
        raise InvalidType(f"'{field}' must be an object.", param=field)
    tool = without_nulls(given)
    if tool.pop("type", None) != "function":
        raise uncarried(f"{field}.type", why=_ONLY_FUNCTIONS)
    for key in tool:
        if key not in _OF_A_FUNCTION:
            raise uncarried(f"{field}.{key}")
    return {"type": "function", "function": tool}


def _allowed(choice: dict[str, JsonValue]) -> JsonValue:
    tools = choice.get("tools")
    named: list[JsonValue] = []
    for place, tool in enumerate(tools if isinstance(tools, list) else []):
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise uncarried(f"tool_choice.tools[{place}].type", why=_ONLY_FUNCTIONS)
        named.append({"type": "function", "function": {"name": tool.get("name")}})
    return {"mode": choice.get("mode"), "tools": named}
