"""One campaign against one server: what exists there, what was asked, and what must always hold."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from tests.fuzz.wire_values import FILE
from tests.support.raw_client import Answer, Ask, Connection

AT_MOST_S = 5.0
MADE_BY = {
    "createEval": "eval_id",
    "createEvalRun": "run_id",
    "createFile": "file_id",
    "createImport": "import_id",
    "createChatCompletion": "completion_id",
    "createResponse": "response_id",
    "createWebhook": "webhook_id",
}
KEPT = 40
"""So many things of a kind are remembered, for later requests to name."""


@dataclass(slots=True)
class Route:
    """What was asked of one operation so far."""

    examples: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    failures: int = 0


class Campaign:
    """Sends requests, remembers what they made, and raises where an answer may not be."""

    def __init__(self, connection: Connection, document: dict[str, Any]) -> None:
        """Asks through this connection the server that gave this OpenAPI document."""
        self.document = document
        self.routes: dict[str, Route] = {}
        self.ids: defaultdict[str, list[str]] = defaultdict(list)
        self.runs: list[tuple[str, str]] = []
        self.items: list[tuple[str, str, str]] = []
        self._connection = connection
        self._schemas: dict[tuple[str, str], Any] = {}

    def ask(self, operation: str, ask: Ask, *, is_plain: bool = True) -> Answer:
        """The answer, which is one that the document tells of.

        Args:
            operation: whose answer it is to be.
            ask: the request.
            is_plain: whether its path can be meant for no other operation.
        """
        route = self.routes.setdefault(operation, Route())
        route.examples += 1
        route.failures += 1
        answer = self._connection.ask(self._with_file(ask))
        route.statuses[answer.status] += 1
        route.slowest_s = max(route.slowest_s, answer.seconds)
        assert answer.status < 500, (ask, answer)
        assert answer.seconds < AT_MOST_S, (ask, answer)
        self._check(operation, answer, is_plain=is_plain)
        route.failures -= 1
        if answer.status < 300 and ask.method != "HEAD":
            self._remember(operation, answer)
        return answer

    def pick(self, kind: str, number: int) -> str:
        """The id of something of this kind that was there; one of nothing, if there was none."""
        known = self.ids[kind]
        return known[number % len(known)] if known else f"{kind}_of_nothing"

    def place(self, number: int) -> tuple[str, str, str]:
        """The ids of an eval, of a run of it, and of an output item of that, if there were any."""
        if self.items and number % 3:
            return self.items[number % len(self.items)]
        if self.runs:
            return (*self.runs[number % len(self.runs)], "outputitem_x")
        return self.pick("eval_id", number), "evalrun_x", "outputitem_x"

    def figures(self) -> str:
        """A table: what each operation was asked and how it answered."""
        lines = [f"{'operation':24}{'examples':>9}{'failures':>9}{'slowest':>9}  statuses"]
        for name, route in sorted(self.routes.items()):
            statuses = ", ".join(f"{each}: {n}" for each, n in sorted(route.statuses.items()))
            lines.append(
                f"{name:24}{route.examples:>9}{route.failures:>9}{route.slowest_s:>8.2f}s  "
                f"{statuses}"
            )
        total = sum(route.examples for route in self.routes.values())
        failed = sum(route.failures for route in self.routes.values())
        return "\n".join([*lines, f"{'all':24}{total:>9}{failed:>9}"])

    def _with_file(self, ask: Ask) -> Ask:
        if FILE.encode() not in ask.body:
            return ask
        body = ask.body.replace(FILE.encode(), self.pick("file_id", len(ask.body)).encode())
        return Ask(ask.method, ask.target, ask.headers, body)

    def _check(self, operation: str, answer: Answer, *, is_plain: bool) -> None:
        if answer.content_type == "text/plain; charset=utf-8" and answer.status == 400:
            return  # of the HTTP parser, which knows no operations
        described = self._described(operation)
        status = str(answer.status)
        if status not in described and not is_plain and status in {"200", "404", "405"}:
            return
        if "default" in described and status != "200":
            return  # a provider's own
        assert status in described, (operation, answer)
        schema = self._schemas.get((operation, status))
        if schema is not None and is_plain and answer.body:
            problems = [str(each) for each in schema.iter_errors(_read(answer.body))]
            assert problems == [], (operation, problems[:3], answer.body[:1_000])

    def _described(self, operation: str) -> Any:
        found = _operations(self.document)[operation]
        for status, response in found["responses"].items():
            content = response.get("content", {}).get("application/json")
            if content and (operation, status) not in self._schemas:
                whole = {**content["schema"], "components": self.document["components"]}
                self._schemas[operation, status] = jsonschema_rs.validator_for(whole)
        return found["responses"]

    def _remember(self, operation: str, answer: Answer) -> None:
        if operation in MADE_BY:
            made = json.loads(answer.body)
            self._keep(self.ids[MADE_BY[operation]], made["id"])
            if operation == "createEvalRun":
                self._keep(self.runs, (made["eval_id"], made["id"]))
        elif operation == "listModels":
            self.ids["model_id"] = [each["id"] for each in json.loads(answer.body)["data"]]
        elif operation == "getEvalRunOutputItems":
            for item in json.loads(answer.body)["data"]:
                self._keep(self.items, (item["eval_id"], item["run_id"], item["id"]))

    def _keep(self, known: list[Any], one: Any) -> None:
        known.append(one)
        del known[:-KEPT]


def _operations(document: dict[str, Any]) -> dict[str, Any]:
    return {
        found["operationId"]: found
        for by_method in document["paths"].values()
        for found in by_method.values()
    }


def _read(body: bytes) -> object:
    """The JSON of an answer; numbers that are echoed may lie beyond every float, as they came."""
    return json.loads(body)
