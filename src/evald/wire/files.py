"""Files: uploaded bytes with a purpose."""

from typing import Literal

from pydantic import JsonValue

from evald.wire.base import JsonObject, UnixTime, WireModel

FilePurpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
MIN_EXPIRY_S = 3_600
MAX_EXPIRY_S = 2_592_000


class File(WireModel):
    """An uploaded file. `bytes` is its size; `expires_at` is null for a file that stays."""

    object: Literal["file"] = "file"
    id: str
    purpose: str
    filename: str
    bytes: int
    created_at: UnixTime
    expires_at: UnixTime | None
    status: Literal["processed"] = "processed"
    status_details: None = None


class ImportedFile(File):
    """A file that comes from elsewhere: `imported` is its body there, answered instead of ours."""

    imported: JsonObject


def file_json(file: File) -> dict[str, JsonValue]:
    """The file as the API answers it."""
    return file.imported if isinstance(file, ImportedFile) else file.model_dump()


class DeletedFile(WireModel):
    """The answer to DELETE /files/{file_id}."""

    object: Literal["file"] = "file"
    deleted: bool = True
    id: str
