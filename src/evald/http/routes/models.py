"""Models over HTTP: list, get."""

from starlette.requests import Request
from starlette.responses import Response

from evald.http.answers import plain_answer, plain_text, text_answer
from evald.http.operation import Api
from evald.services import models


async def list_models(api: Api, request: Request) -> Response:
    """Lists the models that providers name; there are no pages of it."""
    listed = ",".join([plain_text(each) for each in await models.list_models(api.context)])
    return text_answer(f'{{"object":"list","data":[{listed}]}}')


async def get_model(api: Api, request: Request) -> Response:
    """Answers one model. Its id may hold slashes."""
    return plain_answer(await models.get_model(api.context, request.path_params["model_id"]))
