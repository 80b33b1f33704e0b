"""Which items and content parts of an input chat completions can carry."""

from pydantic import JsonValue

from evald.domain.translation.uncarried import uncarried

_ITEMS = ("message", "function_call", "function_call_output", "reasoning")
_TEXTS = ("text", "input_text", "output_text")
_PARTS = (*_TEXTS, "refusal", "input_image", "image_url", "input_file", "file", "input_audio")


def refuse_uncarried(items: JsonValue) -> None:
    """Nothing, if chat completions can carry every item and part; what is none is passed over.

    Raises:
        UnsupportedParameter: one cannot be carried; `param` is its path.
    """
    for place, item in enumerate(items if isinstance(items, list) else []):
        if not isinstance(item, dict):
            continue
        field = f"input[{place}]"
        kind = item.get("type")
        if kind not in _ITEMS and not (kind is None and "role" in item):
            raise uncarried(f"{field}.type")
        if kind == "function_call_output":
            _refuse_parts(item.get("output"), f"{field}.output", known=_TEXTS)
        elif kind != "reasoning":  # which is left out as a whole
            _refuse_parts(item.get("content"), f"{field}.content", known=_PARTS)


def _refuse_parts(content: JsonValue, field: str, *, known: tuple[str, ...]) -> None:
    for place, part in enumerate(content if isinstance(content, list) else []):
        if not isinstance(part, dict):
            continue
        where = f"{field}[{place}]"
        kind = part.get("type")
        if kind not in known:
            raise uncarried(f"{where}.type")
        if kind == "input_image" and not part.get("image_url"):
            raise uncarried(f"{where}.file_id", why="they take images by URL or as data")
        if kind == "input_file" and part.get("file_url"):
            raise uncarried(f"{where}.file_url", why="they take files as data")
