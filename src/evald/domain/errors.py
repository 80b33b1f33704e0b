"""Every error that is a caller's fault: its status, code, field and sentence."""

from typing import ClassVar


class RequestError(Exception):
    """A request that cannot be served as it stands.

    Raised deep, answered once at the door as the error envelope. `param` is the JSON path or the
    query field that is wrong, such as `testing_criteria[0].operation`.
    """

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    code: str | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class InvalidValue(RequestError):
    """A field holds what it may not hold."""

    code = "invalid_value"


class InvalidType(RequestError):
    """A field holds another kind of JSON value than it must."""

    code = "invalid_type"


class MissingParameter(RequestError):
    """A field that must be given is not."""

    code = "missing_required_parameter"


class MalformedJson(RequestError):
    """The body is not JSON."""

    code = "invalid_json"


class MalformedUpload(RequestError):
    """The body is not the multipart form that an upload must be."""

    code = "invalid_multipart"


class UnsupportedContentType(RequestError):
    """The body is of a type that is not read here."""

    code = "unsupported_content_type"


class UnsupportedParameter(RequestError):
    """A field asks for what the provider of the model does not have, or cannot be told."""

    code = "unsupported_parameter"


class InvalidSchema(RequestError):
    """An `item_schema` cannot be used: it is not a JSON Schema, or could not be checked in time."""

    code = "invalid_item_schema"


class InvalidRow(RequestError):
    """A row of a data source is not JSON, not an object with `item`, or misses the schema."""

    code = "invalid_data_source"


class ArchiveRefused(RequestError):
    """What was sent to be imported is no archive, or one that is not to be trusted."""

    code = "invalid_archive"


class CriterionUnusable(RequestError):
    """An imported eval has a criterion that cannot be used here, so it cannot be run again."""

    code = "criterion_unusable"


class SandboxUnavailable(RequestError):
    """A python grader is needed, and its code cannot be kept apart here, or may not run."""

    code = "sandbox_unavailable"


class UnknownCursor(RequestError):
    """`after` names nothing in the list."""

    code = "invalid_cursor"

    def __init__(self, after: str) -> None:
        super().__init__(f"No object with id '{after}' is in this list.", param="after")


class BodyTooLarge(RequestError):
    """The body, or one part of it, is larger than this server takes."""

    status = 413
    code = "request_too_large"


class FilesTooLarge(RequestError):
    """The files that a request to a model names by id are more than is sent along with one."""

    status = 413
    code = "files_too_large"


class BodyStalled(RequestError):
    """Nothing more of the body came for a long time."""

    status = 408
    code = "request_timeout"


class MissingApiKey(RequestError):
    """No key came with a request to the API. Source: observed (message's beginning, null code)."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        )


class IncorrectApiKey(RequestError):
    """The key that came is not one of this server's. Source: observed."""

    status = 401
    code = "invalid_api_key"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Incorrect API key provided: {masked(key)}. You can find your API key at "
            "the operator of this server (`evald keys create`)."
        )


def masked(key: str) -> str:
    """The key with all but its ends starred out; short keys wholly."""
    if len(key) < 16:
        return "*" * len(key)
    return f"{key[:4]}{'*' * 8}{key[-4:]}"


class HostRefused(RequestError):
    """The `Host` header names a host that this server is not."""

    status = 421
    code = "host_not_allowed"


class UnknownUrl(RequestError):
    """No route has this path."""

    status = 404
    code = "unknown_url"

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"Invalid URL ({method} {path})")


class MethodNotAllowed(RequestError):
    """The path has routes, and none for this method."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"Method {method} is not allowed for {path}.")


class NotFound(RequestError):
    """Nothing with this id is here (any more)."""

    status = 404
    code = "not_found"
    noun: ClassVar[str] = "object"

    def __init__(self, object_id: str, *, param: str | None = None) -> None:
        super().__init__(f"No {self.noun} found with id '{object_id}'.", param=param)


class EvalNotFound(NotFound):
    """No eval has this id."""

    noun = "eval"


class RunNotFound(NotFound):
    """No run of this eval has this id."""

    noun = "run"


class OutputItemNotFound(NotFound):
    """No output item of this run has this id."""

    noun = "output item"


class FileNotFound(NotFound):
    """No file has this id."""

    noun = "file"


class WebhookNotFound(NotFound):
    """No webhook has this id."""

    noun = "webhook"


class ImportNotFound(NotFound):
    """No import has this id."""

    noun = "import"


class ChatCompletionNotFound(NotFound):
    """No stored chat completion has this id."""

    noun = "chat completion"


class ResponseNotFound(NotFound):
    """No response of this id is kept."""

    noun = "response"


class ResponseInputNotKept(NotFound):
    """The response is kept, and what was asked for it is known to nobody."""

    noun = "input of a response"


class PreviousResponseNotFound(RequestError):
    """The response that is to be followed is not kept. Source: OpenAI's own code for it."""

    code = "previous_response_not_found"

    def __init__(self, response_id: str) -> None:
        super().__init__(
            f"Previous response with id '{response_id}' not found, or its input is not kept.",
            param="previous_response_id",
        )


class ResponseUnfinished(RequestError):
    """The response that is to be followed goes on in the background."""

    code = "response_unfinished"

    def __init__(self, response_id: str) -> None:
        super().__init__(
            f"Response '{response_id}' has not ended and cannot be followed yet.",
            param="previous_response_id",
        )


class ResponseNotInBackground(RequestError):
    """A response that was not made in the background is to be canceled."""

    code = "response_not_in_background"

    def __init__(self, response_id: str) -> None:
        super().__init__(
            f"Response '{response_id}' was not made in the background and cannot be canceled."
        )


class DataFileNotFound(RequestError):
    """A data source names a file that is not here. Source: ours (not documented)."""

    code = "file_not_found"

    def __init__(self, file_id: str) -> None:
        message = f"No file found with id '{file_id}'; upload it to this server first."
        super().__init__(message, param="data_source.source.id")


class ModelNotFound(NotFound):
    """No provider serves a model of this name."""

    code = "model_not_found"
    noun = "model"


class UnsupportedByProvider(RequestError):
    """The provider of the model does not have the API that was called."""

    code = "unsupported_api"


class ProviderFailed(RequestError):
    """A provider is at fault, or the way to it: no caller can mend it."""

    status = 502
    type = "server_error"


class ProviderKeyRefused(ProviderFailed):
    """A provider does not take this server's key, or there is none."""

    code = "provider_auth"


class ProviderUnreachable(ProviderFailed):
    """No connection to a provider could be made: nothing was asked."""

    code = "provider_unreachable"


class ProviderBroken(ProviderFailed):
    """A provider's answer broke off, or is none."""

    code = "provider_broken"


class PythonProviderRaised(ProviderFailed):
    """A provider's own Python function raised, or returned what is no answer."""

    code = "python_provider_error"


class ProviderTimedOut(ProviderFailed):
    """A provider did not answer in time, or fell silent."""

    status = 504
    code = "provider_timeout"


class LogNotKept(RequestError):
    """The answer came, and could not be stored as the request asks; it is not given out."""

    status = 503
    type = "server_error"
    code = "log_not_kept"

    def __init__(self) -> None:
        super().__init__(
            "The model's answer could not be stored, as 'store' asks: the store did not take it. "
            "The log of this server says why; nothing was kept."
        )


class TooManyStreams(RequestError):
    """As many clients follow runs as this server lets."""

    status = 503
    type = "server_error"
    code = "too_many_event_streams"


class IdempotencyConflict(RequestError):
    """The same Idempotency-Key came with another body."""

    status = 409
    code = "idempotency_conflict"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Idempotency-Key '{key}' was used for another request in the last 24 hours; "
            "another body needs another key."
        )
