"""How errors name a place in a JSON body, such as `testing_criteria[0].operation`."""

import re

Step = str | int

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def json_path(path: tuple[Step, ...]) -> str:
    """The place that these keys and indexes lead to; "" for the body itself."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"['{step[:100]}']"
    return text
