"""Two small classifiers of tickets, which answer like chat models: the demo's candidates.

Both read nothing but the last user message, know nothing of the tickets they are run on, and get
some of them wrong, each in its own way: the one sees single words only, the other has seen a
hundred tickets only.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from pydantic import JsonValue

from evald.cli.demo.tickets import CATEGORIES, TRAINING_TICKETS, Ticket, tickets

KEYWORDS_MODEL = "demo-keywords"
"""Served by `classify_by_keywords`."""

BAYES_MODEL = "demo-bayes"
"""Served by `classify_by_bayes`."""

CANDIDATES = (KEYWORDS_MODEL, BAYES_MODEL)

# Of labels that weigh the same, as where no keyword is found, the first one here is the answer.
# "Other" means that a human being decides.
_WEIGHTS: dict[str, dict[str, int]] = {
    "Other": {
        **dict.fromkeys(("password", "account", "badge", "door", "visitor", "phishing"), 3),
        **dict.fromkeys(("invoice", "discount", "policy", "allowed", "approve", "police"), 3),
        **dict.fromkeys(("training", "course", "chair", "heating", "stolen", "delivery"), 3),
        **dict.fromkeys(("access", "locked", "lost", "whom", "thank", "holiday", "tax"), 2),
        **dict.fromkeys(("contract", "provider", "building"), 2),
        **dict.fromkeys(("room", "light", "colleague", "form", "order", "ordered", "cost"), 1),
        **dict.fromkeys(("budget", "close", "list", "book", "who", "where"), 1),
    },
    "Hardware": {
        **dict.fromkeys(("toner", "battery", "charger", "fan", "dock", "docking", "usb"), 3),
        **dict.fromkeys(("headset", "projector", "plotter", "cartridge", "cracked", "spilled"), 3),
        **dict.fromkeys(("screen", "monitor", "keyboard", "mouse", "printer", "scanner"), 2),
        **dict.fromkeys(("paper", "cable", "plug", "plugged", "power", "charge", "port"), 2),
        **dict.fromkeys(("microphone", "webcam", "speaker", "lamp", "memory", "noise"), 2),
        **dict.fromkeys(("broken", "dropped", "loose", "replace"), 2),
        **dict.fromkeys(("laptop", "computer", "tablet", "phone", "camera", "key"), 1),
        **dict.fromkeys(("disk", "drive"), 1),
    },
    "Software": {
        **dict.fromkeys(("software", "program", "app", "browser", "outlook", "excel"), 3),
        **dict.fromkeys(("install", "installed", "driver", "vpn", "sync", "macro"), 3),
        **dict.fromkeys(("antivirus", "calendar", "database"), 3),
        **dict.fromkeys(("update", "updated", "version", "licence", "error", "setting"), 2),
        **dict.fromkeys(("crash", "crashes", "freeze", "freezes", "server", "language"), 2),
        **dict.fromkeys(("file", "document", "spreadsheet", "pdf", "font", "template", "spell"), 2),
        **dict.fromkeys(("windows", "word", "search", "page", "mail", "save", "report"), 1),
    },
}


def classify_by_keywords(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The category whose keywords weigh most in the last user message, as a chat completion.

    Raises:
        ValueError: there is no user message.
    """
    return _completion(body, model=KEYWORDS_MODEL, label=_heaviest(_last_user_text(body)))


def classify_by_bayes(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The likeliest category of the last user message by the training tickets, likewise.

    The first call learns from the training tickets, for some milliseconds.

    Raises:
        ValueError: there is no user message.
    """
    return _completion(body, model=BAYES_MODEL, label=_likeliest(_last_user_text(body)))


def _heaviest(text: str) -> str:
    words = _words(text)
    return max(_WEIGHTS, key=lambda label: sum(_weight(word, label) for word in words))


def _weight(word: str, label: str) -> int:
    """A plural counts as its singular."""
    weights = _WEIGHTS[label]
    return weights.get(word) or weights.get(word.removesuffix("s"), 0)


@dataclass(frozen=True, slots=True)
class _Experience:
    """What is counted in the training tickets, by label."""

    tickets_of: Counter[str]
    features_of: Mapping[str, Counter[str]]
    known: frozenset[str]  # every feature of any ticket


@cache
def _experience() -> _Experience:
    return _learn(tickets(TRAINING_TICKETS))


def _learn(examples: Iterable[Ticket]) -> _Experience:
    tickets_of = Counter[str]()
    features_of = {label: Counter[str]() for label in CATEGORIES}
    for ticket in examples:
        tickets_of[ticket.label] += 1
        features_of[ticket.label].update(_features(ticket.text))
    return _Experience(tickets_of, features_of, known=frozenset().union(*features_of.values()))


def _likeliest(text: str) -> str:
    """The likeliest label by multinomial naive Bayes with Laplace's smoothing.

    P(label | text) ~ P(label) * product over the text's features of (n + 1) / (N + V), where n is
    how often the feature stands in the label's tickets, N how many features these have, and V how
    many different ones there are at all. Features never seen in training say nothing.
    Source: Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 2008, ch. 13.2.
    """
    experience = _experience()
    features = [feature for feature in _features(text) if feature in experience.known]

    def log_probability(label: str) -> float:
        counts = experience.features_of[label]
        denominator = counts.total() + len(experience.known)
        return math.log(experience.tickets_of[label]) + sum(
            math.log((counts[feature] + 1) / denominator) for feature in features
        )

    return max(CATEGORIES, key=log_probability)


def _features(text: str) -> list[str]:
    """The beginnings of the words, five letters, and every two neighbours of them.

    Beginnings make one of "print", "prints" and "printer". That five letters and pairs serve well
    was found on the training tickets, by leaving out one of them at a time.
    """
    beginnings = [word[:5] for word in _words(text)]
    return beginnings + [f"{first} {second}" for first, second in pairwise(beginnings)]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.casefold())


def _last_user_text(body: Mapping[str, JsonValue]) -> str:
    for message in reversed(_messages(body)):
        if message.get("role") == "user":
            return _text(message.get("content"))
    raise ValueError("The request has no user message, so there is no ticket to classify.")


def _messages(body: Mapping[str, JsonValue]) -> list[dict[str, JsonValue]]:
    messages = body.get("messages")
    if not isinstance(messages, list):
        return []
    return [message for message in messages if isinstance(message, dict)]


def _text(content: JsonValue) -> str:
    """What a message says: its content, or the text parts of it, a line each."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _completion(body: Mapping[str, JsonValue], *, model: str, label: str) -> dict[str, JsonValue]:
    """A chat completion that says `label`. A token is a word here: what stands between blanks."""
    prompt_tokens = sum(len(_text(message.get("content")).split()) for message in _messages(body))
    return {
        "id": f"chatcmpl-{model}",
        "object": "chat.completion",
        "created": 0,  # the same question gets the same answer, to the byte
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": label},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": 1,
            "total_tokens": prompt_tokens + 1,
        },
    }
