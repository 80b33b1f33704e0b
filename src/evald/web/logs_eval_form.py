"""The form that makes an eval of a filter of logs."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from evald.domain import exact_json
from evald.domain.errors import RequestError
from evald.domain.validation import read_model
from evald.services.evals import create_eval
from evald.web import format as eyes
from evald.web.forms import first, read_form
from evald.web.frame import session_of
from evald.web.links import LogsAddress
from evald.web.logs_pages import read_address
from evald.web.views import Asked, View
from evald.wire.evals import CreateEvalRequest

EXAMPLE: JsonValue = [
    {
        "type": "string_check",
        "name": "Says something",
        "input": "{{ sample.output_text }}",
        "operation": "ne",
        "reference": "",
    }
]
"""What the field of criteria begins with: the smallest that can be run."""


@dataclass(frozen=True, slots=True)
class LogsEvalPage:
    """A form for an eval over logs with these pairs of metadata.

    `left_out` are the other parts of the filter, which belong to runs. `problem` is what was wrong
    with the form, "" of one not yet sent.
    """

    kind: str
    pairs: Sequence[tuple[str, str]]
    left_out: Sequence[str]
    action: str
    back: str
    name: str
    criteria: str
    problem: str = ""


async def show_logs_eval(asked: Asked) -> View:
    """GET /logs/new-eval: the form, for the filter that the query is."""
    notices: list[str] = []
    address = read_address(asked.request.query_params, notices)
    page = _page(asked, address, name="", criteria=eyes.indented(EXAMPLE))
    return View("logs_eval.html", page, notices=notices)


async def make_eval(asked: Asked) -> View | Response:
    """POST /logs/new-eval: leads to the eval, or says what is wrong."""
    fields = await read_form(asked.site, asked.request, session=session_of(asked.request))
    address = read_address(QueryParams(asked.request.scope["query_string"]), [])
    name, text = first(fields, "name").strip(), first(fields, "criteria")
    try:
        criteria = exact_json.parse(text)
    except ValueError as fault:
        page = _page(
            asked, address, name=name, criteria=text, problem=f"This is not JSON: {fault}."
        )
        return View("logs_eval.html", page, status=400)
    kind = "stored_completions" if address.kind == "chat_completion" else "logs"
    config: dict[str, JsonValue] = {"type": kind, "metadata": dict(address.metadata)}
    body: dict[str, JsonValue] = {"data_source_config": config, "testing_criteria": criteria}
    body |= {"name": name} if name else {}
    try:
        asked_for = read_model(CreateEvalRequest, body)
        made = await create_eval(asked.site.context, asked.visitor.project_id, asked_for)
    except RequestError as error:
        page = _page(asked, address, name=name, criteria=text, problem=error.message)
        return View("logs_eval.html", page, status=error.status)
    return RedirectResponse(asked.site.links.eval(made.id), 303)


def _page(
    asked: Asked, address: LogsAddress, *, name: str, criteria: str, problem: str = ""
) -> LogsEvalPage:
    links = asked.site.links
    left_out = {
        "model": address.model,
        "created after": address.created_after,
        "created before": address.created_before,
    }
    return LogsEvalPage(
        kind=address.kind,
        pairs=address.metadata,
        left_out=[f"{part} {value}" for part, value in left_out.items() if value],
        action=links.eval_of_logs(address),
        back=links.logs(address),
        name=name,
        criteria=criteria,
        problem=problem,
    )
