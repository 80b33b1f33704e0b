"""Errors as answers: a caller's fault in the error envelope, ours as a 500 that tells nothing."""

import logging
from collections.abc import Mapping

from pydantic import JsonValue
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evald.domain import exact_json
from evald.domain.errors import RequestError

LOG = logging.getLogger("evald.http")


def error_response(error: RequestError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that cannot be served: the envelope with all four keys."""
    body: JsonValue = {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    }
    return _json_response(body, error.status, headers)


def crash_response(request_id: str) -> Response:
    """The answer to a request during which our own code raised."""
    message = (
        "The server had an error while processing your request "
        f"(request id {request_id}); its log says more under that id."
    )
    body: JsonValue = {
        "error": {"message": message, "type": "server_error", "param": None, "code": None}
    }
    return _json_response(body, 500, None)


def _json_response(body: JsonValue, status: int, headers: Mapping[str, str] | None) -> Response:
    # A message may quote what no UTF-8 can hold, which exact_json writes as an escape.
    content = exact_json.dump(body).encode()
    return Response(content, status, headers=headers, media_type="application/json")


async def answer_errors(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Lets `app` answer, and answers for it if it raises.

    After the answer has begun, nothing can be said any more: the log is told, and the server ends
    the connection. A client that went away is nobody's error.
    """
    has_begun = False

    async def watched_send(message: Message) -> None:
        nonlocal has_begun
        has_begun = has_begun or message["type"] == "http.response.start"
        await send(message)

    request_id = scope["state"]["request_id"]
    try:
        await app(scope, receive, watched_send)
    except ClientDisconnect:
        return
    except RequestError as error:
        if has_begun:
            LOG.exception("answer_broken request=%s", request_id)
            return
        await error_response(error)(scope, receive, send)
    except Exception:
        # The outermost loop of a request: whatever is wrong with ours ends here, told in the log.
        LOG.exception("request_crashed request=%s method=%s", request_id, scope["method"])
        if not has_begun:
            await crash_response(request_id)(scope, receive, send)
