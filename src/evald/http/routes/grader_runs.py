"""Grader runs over HTTP: run, validate."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain import exact_json
from evald.domain.validation import read_model
from evald.http.answers import text_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import json_body, read_json
from evald.services import grader_runs
from evald.wire.grader_runs import RunGraderRequest, ValidateGraderRequest


async def run_grader(api: Api, request: Request) -> Response:
    """Runs a grader on one sample."""
    body = json_body(request, max_body_bytes=api.max_body_bytes)
    asked = read_model(RunGraderRequest, await read_json(request, body))
    run = await grader_runs.run_grader(api.context, project_of(request), asked)
    return text_answer(exact_json.dump(run.model_dump()))


async def validate_grader(api: Api, request: Request) -> Response:
    """Answers the grader if it is sound."""
    body = json_body(request, max_body_bytes=api.max_body_bytes)
    asked = read_model(ValidateGraderRequest, await read_json(request, body))
    valid = grader_runs.validate_grader(asked)
    return text_answer(exact_json.dump(valid.model_dump(exclude_unset=True)))
