"""The API's operations as one visible list, and the application that answers them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from evald.domain.errors import MethodNotAllowed, UnknownUrl
from evald.http.answers import JSON
from evald.http.error_responses import error_response
from evald.http.gateway_operations import GATEWAY_OPERATIONS
from evald.http.item_search_operations import ITEM_SEARCH_OPERATIONS
from evald.http.openapi import openapi_document
from evald.http.operation import Api, Handler, Operation
from evald.http.paths import Paths
from evald.http.report_operations import REPORT_OPERATIONS
from evald.http.response_operations import RESPONSE_OPERATIONS
from evald.http.routes import (
    evals,
    files,
    grader_runs,
    health,
    imports,
    log_imports,
    models,
    output_items,
    run_events,
    runs,
)
from evald.http.second_chance_operations import SECOND_CHANCE_OPERATIONS
from evald.http.webhook_operations import WEBHOOK_OPERATIONS
from evald.services.context import Context
from evald.wire.evals import CreateEvalRequest, DeletedEval, Eval, UpdateEvalRequest
from evald.wire.files import DeletedFile, File
from evald.wire.grader_runs import (
    GraderRun,
    RunGraderRequest,
    ValidateGraderRequest,
    ValidGrader,
)
from evald.wire.imports import Import
from evald.wire.log_imports import LogImport
from evald.wire.model_cards import Model
from evald.wire.output_items import OutputItem
from evald.wire.pages import (
    ListEvalsQuery,
    ListFilesQuery,
    ListOutputItemsQuery,
    ListRunsQuery,
)
from evald.wire.runs import CreateRunRequest, DeletedRun, Run

EVALS = "/v1/evals"
EVAL = EVALS + "/{eval_id}"
RUNS = EVAL + "/runs"
RUN = RUNS + "/{run_id}"
ITEMS = RUN + "/output_items"
ITEM = ITEMS + "/{output_item_id}"
FILES = "/v1/files"
FILE = FILES + "/{file_id}"
GRADERS = "/v1/fine_tuning/alpha/graders"
IMPORTS = "/v1/evald/imports"
LOGS = "/v1/evald/logs"
RUN_EVENTS = "/v1/evald/runs/{run_id}/events"
MODELS = "/v1/models"
MODEL = MODELS + "/{model_id:path}"


async def get_openapi(api: Api, request: Request) -> Response:
    """Answers this API's own OpenAPI document."""
    return Response(_document(), media_type=JSON)


OPERATIONS = [
    Operation(
        "createEval",
        "POST",
        EVALS,
        evals.create_eval,
        takes=CreateEvalRequest,
        gives=Eval,
        status=201,
    ),
    Operation(
        "listEvals",
        "GET",
        EVALS,
        evals.list_evals,
        query=ListEvalsQuery,
        gives=Eval,
        gives_list=True,
    ),
    Operation("getEval", "GET", EVAL, evals.get_eval, gives=Eval),
    Operation("updateEval", "POST", EVAL, evals.update_eval, takes=UpdateEvalRequest, gives=Eval),
    Operation("deleteEval", "DELETE", EVAL, evals.delete_eval, gives=DeletedEval),
    Operation(
        "createEvalRun",
        "POST",
        RUNS,
        runs.create_run,
        takes=CreateRunRequest,
        gives=Run,
        status=201,
    ),
    Operation(
        "getEvalRuns", "GET", RUNS, runs.list_runs, query=ListRunsQuery, gives=Run, gives_list=True
    ),
    Operation("getEvalRun", "GET", RUN, runs.get_run, gives=Run),
    Operation("cancelEvalRun", "POST", RUN, runs.cancel_run, gives=Run),
    Operation("cancelEvalRunByVerb", "POST", RUN + "/cancel", runs.cancel_run, gives=Run),
    Operation("deleteEvalRun", "DELETE", RUN, runs.delete_run, gives=DeletedRun),
    Operation(
        "getEvalRunOutputItems",
        "GET",
        ITEMS,
        output_items.list_output_items,
        query=ListOutputItemsQuery,
        gives=OutputItem,
        gives_list=True,
    ),
    Operation("getEvalRunOutputItem", "GET", ITEM, output_items.get_output_item, gives=OutputItem),
    Operation("createFile", "POST", FILES, files.create_file, gives=File),
    Operation(
        "listFiles",
        "GET",
        FILES,
        files.list_files,
        query=ListFilesQuery,
        gives=File,
        gives_list=True,
    ),
    Operation("retrieveFile", "GET", FILE, files.get_file, gives=File),
    Operation("deleteFile", "DELETE", FILE, files.delete_file, gives=DeletedFile),
    Operation("downloadFile", "GET", FILE + "/content", files.get_file_content),
    Operation("createImport", "POST", IMPORTS, imports.create_import, gives=Import, status=202),
    Operation("getImport", "GET", IMPORTS + "/{import_id}", imports.get_import, gives=Import),
    Operation("importLogs", "POST", LOGS, log_imports.import_logs, gives=LogImport),
    Operation(
        "runGrader",
        "POST",
        GRADERS + "/run",
        grader_runs.run_grader,
        takes=RunGraderRequest,
        gives=GraderRun,
    ),
    Operation(
        "validateGrader",
        "POST",
        GRADERS + "/validate",
        grader_runs.validate_grader,
        takes=ValidateGraderRequest,
        gives=ValidGrader,
    ),
    Operation("listModels", "GET", MODELS, models.list_models, gives=Model, gives_list=True),
    Operation("retrieveModel", "GET", MODEL, models.get_model, gives=Model),
    Operation("followRun", "GET", RUN_EVENTS, run_events.follow_run),
    *GATEWAY_OPERATIONS,
    *RESPONSE_OPERATIONS,
    *REPORT_OPERATIONS,
    *ITEM_SEARCH_OPERATIONS,
    *WEBHOOK_OPERATIONS,
    *SECOND_CHANCE_OPERATIONS,
    Operation("healthz", "GET", "/healthz", health.healthz),
    Operation("readyz", "GET", "/readyz", health.readyz),
    Operation("metrics", "GET", "/metrics", health.metrics),
    Operation("openapi", "GET", "/openapi.json", get_openapi),
]


def build_api(context: Context, *, max_body_bytes: int, is_ready: Callable[[], bool]) -> ASGIApp:
    """The application that answers the operations.

    It expects `scope["state"]["project_id"]` under /v1, and lets errors rise: both are the door's.
    """
    api = Api(context, max_body_bytes, is_ready)
    handlers: dict[str, dict[str, Handler]] = {}
    for operation in OPERATIONS:
        handlers.setdefault(operation.path, {})[operation.method] = operation.handler
    resources = {path: _Resource(api, path, by_method) for path, by_method in handlers.items()}
    return _Resources(Paths(resources))


@dataclass(frozen=True, slots=True, eq=False)
class _Resources:
    """All there are; one that is not there is answered by nobody."""

    paths: Paths["_Resource"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.paths.find(scope["path"])
        if found is None:
            raise UnknownUrl(scope["method"], scope["path"])
        scope["path_params"] = found.values
        await found.resource(scope, receive, send)


@dataclass(frozen=True, slots=True, eq=False)
class _Resource:
    """One path, and the handler of each of its methods."""

    api: Api
    path: str
    by_method: dict[str, Handler]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["route"] = self.path
        method = scope["method"]
        handler = self.by_method.get("GET" if method == "HEAD" else method)
        if handler is None:
            error = MethodNotAllowed(method, scope["path"])
            response = error_response(error, {"allow": ", ".join(self._allowed())})
        else:
            response = await handler(self.api, Request(scope, receive))
        await response(scope, receive, send)

    def _allowed(self) -> list[str]:
        return sorted({*self.by_method, *(["HEAD"] if "GET" in self.by_method else [])})


@cache
def _document() -> bytes:
    return openapi_document(OPERATIONS)
