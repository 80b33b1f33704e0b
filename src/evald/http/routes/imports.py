"""Imports over HTTP: an archive is sent, and its import looked at. All of it is ours."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain.errors import InvalidValue, UnsupportedContentType
from evald.http.answers import plain_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import RequestBody
from evald.services import archive_imports
from evald.services.archive_imports import receive_archive

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


async def create_import(api: Api, request: Request) -> Response:
    """Takes an archive of `evald rescue`, zipped, and imports it in the background."""
    context = api.context
    is_dry = read_dry_run(request)
    _refuse_forms(request)
    body = RequestBody(request, max_bytes=context.max_archive_bytes)
    async with receive_archive(context) as blob:
        async for chunk in body:
            await blob.write(chunk)
        made = await archive_imports.create_import(
            context, project_of(request), blob, is_dry=is_dry
        )
    return plain_answer(made, status=202)


async def get_import(api: Api, request: Request) -> Response:
    """Answers one import: how far it is, or what came of it."""
    import_id = request.path_params["import_id"]
    found = await archive_imports.get_import(api.context, project_of(request), import_id)
    return plain_answer(found)


def read_dry_run(request: Request) -> bool:
    """Whether the request only asks what would be done.

    Raises:
        InvalidValue: `dry_run` is neither true nor false.
    """
    given = request.query_params.get("dry_run", "false")
    flag = _FLAGS.get(given.lower())
    if flag is None:
        message = f"'dry_run' is '{given[:100]}' and must be 'true' or 'false'."
        raise InvalidValue(message, param="dry_run")
    return flag


def _refuse_forms(request: Request) -> None:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in ("multipart/form-data", "application/json"):
        raise UnsupportedContentType(
            f"The body is declared as '{content_type}' and must be the bytes of a zip alone, as "
            "`curl --data-binary @archive.zip -H 'Content-Type: application/zip'` sends them."
        )
