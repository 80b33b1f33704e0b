"""Files over HTTP: upload, list, get, delete, content."""

import hashlib
from urllib.parse import quote

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from evald.domain import exact_json
from evald.http.answers import list_answer, plain_answer, text_answer
from evald.http.multipart import OVERHEAD_BYTES, UploadFields, boundary_of, read_upload
from evald.http.operation import Api, project_of
from evald.http.parsing import RequestBody, read_idempotency, read_query
from evald.services import files
from evald.services.files import FileUpload, receive_file
from evald.wire.files import File, file_json
from evald.wire.pages import MAX_FILES_LIMIT, ListFilesQuery


async def create_file(api: Api, request: Request) -> Response:
    """Uploads a file for a purpose."""
    context = api.context
    boundary = boundary_of(request.headers.get("content-type", ""))
    body = RequestBody(request, max_bytes=context.max_file_bytes + OVERHEAD_BYTES)
    async with receive_file(context) as incoming:
        fields = await read_upload(body, boundary, write=incoming.write)
        upload = FileUpload(
            incoming=incoming,
            filename=fields.filename,
            purpose=fields.purpose,
            expires_after_s=fields.expires_after_s,
        )
        made = await files.create_file(
            context,
            project_of(request),
            upload,
            idempotency=read_idempotency(request, upload_hash(fields, incoming.sha256)),
        )
    return text_answer(_text(made))


async def list_files(api: Api, request: Request) -> Response:
    """Lists files, newest first unless asked otherwise."""
    query = read_query(ListFilesQuery, request.query_params, max_limit=MAX_FILES_LIMIT)
    page = await files.list_files(api.context, project_of(request), query)
    ids = [each.id for each in page.rows]
    return list_answer([_text(each) for each in page.rows], ids, has_more=page.has_more)


async def get_file(api: Api, request: Request) -> Response:
    """Answers one file, without its content."""
    file_id = request.path_params["file_id"]
    return text_answer(_text(await files.get_file(api.context, project_of(request), file_id)))


async def delete_file(api: Api, request: Request) -> Response:
    """Deletes a file; a run that is reading it goes on."""
    file_id = request.path_params["file_id"]
    return plain_answer(await files.delete_file(api.context, project_of(request), file_id))


async def get_file_content(api: Api, request: Request) -> Response:
    """Answers the bytes of a file as they were uploaded."""
    file_id = request.path_params["file_id"]
    content = await files.open_content(api.context, project_of(request), file_id)
    headers = {
        "content-length": str(content.file.bytes),
        "content-disposition": content_disposition(content.file.filename),
    }
    return StreamingResponse(content.chunks, headers=headers, media_type="application/octet-stream")


def _text(file: File) -> str:
    return exact_json.dump(file_json(file))


def content_disposition(filename: str) -> str:
    """The header that has a file saved under its name, whatever the name holds.

    The plain name, for clients that read no other, has `_` for all that is not plain.

    Source: RFC 6266, appendix D.
    """
    plain = "".join(each if each.isascii() and each.isprintable() else "_" for each in filename)
    plain = plain.replace('"', "_").replace("\\", "_").replace("%", "_")
    exact = quote(filename, safe="", errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"


def upload_hash(fields: UploadFields, file_sha256: str) -> str:
    """The SHA-256 of what a form says.

    The form's bytes would not do: its boundary is another each time it is sent.
    """
    said: JsonValue = [fields.filename, fields.purpose, fields.expires_after_s, file_sha256]
    return hashlib.sha256(exact_json.dump(said).encode()).hexdigest()
