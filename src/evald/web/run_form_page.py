"""The page on which a new run of an eval is made, filled in as another run of it was."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue
from starlette.responses import RedirectResponse, Response

from evald.domain.errors import RequestError
from evald.ports.kept import StoredRun
from evald.services.files import list_files
from evald.services.overviews import EvalReport, report_eval
from evald.services.run_again import RunAgain, find_run, run_again
from evald.web import format as eyes
from evald.web.forms import first, read_form
from evald.web.frame import session_of
from evald.web.queries import ignored
from evald.web.run_address import RunAddress
from evald.web.run_form import (
    EFFORT,
    NUMBERS,
    OTHER,
    ROLES,
    MessageField,
    RunForm,
    SourceFields,
    form_of_fields,
    form_of_source,
    request_body,
)
from evald.web.views import Asked, View
from evald.wire.data_source_configs import config_metadata, takes_any_item
from evald.wire.pages import ListFilesQuery, ListRunsQuery

CHOICES = 20
"""How many runs and files are offered to begin with."""

_KNOWN = frozenset({"run_id"})
_LABELS = {
    "temperature": "Temperature",
    "top_p": "Top p",
    "seed": "Seed",
    "max_completion_tokens": "Most tokens of an answer",
    EFFORT: "Reasoning effort",
}
_MESSAGE = re.compile(r"data_source\.input_messages\.template\[(\d+)\]")
_PARAM = re.compile(r"data_source\.sampling_params\.(\w+)")


@dataclass(frozen=True, slots=True)
class Choice:
    """A run or a file to begin with."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RunFormPage:
    """A form for a new run of an eval. `base` is the run that it was filled in from.

    `rows` says in words where its rows come from, where that is not asked.
    """

    eval_id: str
    eval_name: str
    action: str
    back: str
    base: Choice | None
    runs: Sequence[Choice]
    files: Sequence[Choice]
    rows: str
    form: RunForm


@dataclass(frozen=True, slots=True)
class _Begun:
    """What a form begins with: the eval, the run it was filled in from, and its data source."""

    report: EvalReport
    run: StoredRun | None
    form: RunForm

    @property
    def given(self) -> dict[str, JsonValue]:
        """The data source that the form shows, before anybody changed it."""
        return {} if self.run is None else self.run.data_source


async def show_run_form(asked: Asked) -> View:
    """GET /evaluations/{eval_id}/new-run: the form, filled in as the run `run_id` was made."""
    params = asked.request.query_params
    notices = ignored(params, known=_KNOWN)
    begun = await _begin(asked, params.get("run_id", ""), notices)
    return await _view(asked, begun, begun.form, notices=notices)


async def make_run(asked: Asked) -> View | Response:
    """POST /evaluations/{eval_id}/new-run: leads to the new run, or says what is wrong."""
    fields = await read_form(asked.site, asked.request, session=session_of(asked.request))
    begun = await _begin(asked, first(fields, "run_id"), [])
    form = form_of_fields(fields, begun.form)
    body, problems = request_body(form, begun.given)
    if problems:
        return await _view(asked, begun, replace(form, problems=problems), status=400)
    order = RunAgain(begun.report.eval.id, _metadata(body, begun.run), _rows_of(begun.run))
    try:
        made = await run_again(asked.site.context, asked.visitor.project_id, order)
    except RequestError as error:
        return await _refused(asked, begun, form, error=error)
    address = RunAddress(made.run.eval_id, made.run.id)
    return RedirectResponse(asked.site.links.run(address), 303)


def _rows_of(run: StoredRun | None) -> str | None:
    source = None if run is None else run.data_source.get("source")
    is_inline = isinstance(source, dict) and source.get("type") == "file_content"
    return run.id if run is not None and is_inline else None


def _metadata(body: dict[str, JsonValue], run: StoredRun | None) -> dict[str, JsonValue]:
    return body if run is None or not run.metadata else {**body, "metadata": {**run.metadata}}


async def _begin(asked: Asked, run_id: str, notices: list[str]) -> _Begun:
    context, project_id = asked.site.context, asked.visitor.project_id
    eval_id: str = asked.request.path_params["eval_id"]
    query = ListRunsQuery(limit=CHOICES, order="desc")
    report = await report_eval(context, project_id, eval_id, query)
    if not run_id:
        return _Begun(report, None, _empty_form(report))
    run = await find_run(context, project_id, eval_id, run_id)
    try:
        return _Begun(report, run, form_of_source(run.data_source, name=run.name))
    except ValueError:
        notices.append("That run was made elsewhere, in a way that means nothing here.")
        return _Begun(report, None, _empty_form(report))


def _empty_form(report: EvalReport) -> RunForm:
    config = report.eval.data_source_config
    if not takes_any_item(config):
        blank = [MessageField("user", "")]
        return RunForm("completions", messages=blank, source=SourceFields(is_logs=False))
    pairs = [f"{key}={value}" for key, value in config_metadata(config).items()]
    source = SourceFields(is_logs=True, type="stored_completions", metadata="\n".join(pairs))
    return RunForm("completions", source=source)


async def _refused(asked: Asked, begun: _Begun, form: RunForm, *, error: RequestError) -> View:
    problems = {_field(error.param or "", form): error.message}
    return await _view(asked, begun, replace(form, problems=problems), status=error.status)


def _field(param: str, form: RunForm) -> str:
    """The field of the form that a JSON path of the body is filled in from; "" for none."""
    if message := _MESSAGE.match(param):
        return f"text.{message[1]}"
    if param.startswith("data_source.input_messages"):
        return "text.0" if form.item_reference is None else "item_reference"
    if found := _PARAM.match(param):
        return f"param.{found[1] if found[1] in _LABELS else OTHER}"
    if param == "data_source.model":
        return "model"
    if param == "data_source.source.id" and form.source is not None:
        return "source.file_id"
    return "name" if param == "name" else ""


async def _view(
    asked: Asked, begun: _Begun, form: RunForm, *, notices: Sequence[str] = (), status: int = 200
) -> View:
    an_eval, links = begun.report.eval, asked.site.links
    files: list[Choice] = []
    if form.source is not None and not form.source.is_logs:
        query = ListFilesQuery(limit=CHOICES, purpose="evals")
        found = await list_files(asked.site.context, asked.visitor.project_id, query)
        files = [Choice(each.id, each.filename) for each in found.rows]
    run = begun.run
    page = RunFormPage(
        eval_id=an_eval.id,
        eval_name=an_eval.name,
        action=links.new_run(an_eval.id),
        back=links.eval(an_eval.id),
        base=None if run is None else Choice(run.id, run.name or run.id),
        runs=[Choice(each.id, each.name or each.id) for each in begun.report.runs.rows],
        files=files,
        rows="" if run is None else _rows(run),
        form=form,
    )
    extras = {"roles": ROLES, "labels": _LABELS, "numbers": NUMBERS, "other": OTHER}
    return View("run_form.html", page, notices=notices, extras=extras, status=status)


def _rows(run: StoredRun) -> str:
    """Where the rows of a run come from, in words."""
    given = run.data_source.get("source")
    source: Mapping[str, JsonValue] = given if isinstance(given, dict) else {}
    match source.get("type"):
        case "file_content":
            return "the rows that came with the request of that run"
        case "file_id":
            return f"the file {source.get('id')}"
        case "evald_run":
            return f"the output items of the run {source.get('run_id')}"
        case "stored_completions" | "responses" as kind:
            asked: dict[str, JsonValue] = {
                key: value for key, value in source.items() if key != "type" and value is not None
            }
            noun = "stored completions" if kind == "stored_completions" else "stored responses"
            return f"{noun}: {eyes.plain(asked)}" if asked else f"all {noun}"
        case _:
            return "its data source"
