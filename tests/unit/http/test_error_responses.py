"""Errors as answers: the envelope for a caller's fault, and nothing told of ours."""

import logging
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from evald.domain.errors import InvalidValue, MethodNotAllowed, MissingApiKey, RequestError
from evald.http.error_responses import answer_errors, error_response
from tests.unit.http.asgi import Answer, ask, scope_of, stream


def raising(error: BaseException) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return app


async def answered(app: ASGIApp) -> Answer:
    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_errors(app, scope, receive, send)

    return await ask(whole, scope_of())


async def test_a_callers_fault_is_answered_in_the_envelope_with_four_keys() -> None:
    answer = await answered(raising(InvalidValue("No.", param="a[0].b")))

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "error": {
            "message": "No.",
            "type": "invalid_request_error",
            "param": "a[0].b",
            "code": "invalid_value",
        }
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(MissingApiKey(), 401, None), (MethodNotAllowed("PUT", "/x"), 405, "method_not_allowed")],
)
async def test_what_an_error_has_not_is_null(
    error: RequestError, status: int, code: str | None
) -> None:
    answer = await answered(raising(error))

    assert answer.status == status
    assert answer.json["error"]["param"] is None
    assert answer.json["error"]["code"] == code


def test_headers_may_come_with_an_error() -> None:
    assert error_response(MissingApiKey(), {"allow": "GET"}).headers["allow"] == "GET"


async def test_a_message_may_quote_what_utf_8_cannot_hold() -> None:
    answer = await answered(raising(InvalidValue("'\ud800' is nothing.")))

    assert answer.json["error"]["message"] == "'\ud800' is nothing."


async def test_our_fault_is_told_to_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    answer = await answered(raising(ZeroDivisionError("secret detail")))

    assert answer.status == 500
    assert answer.json["error"] | {"message": ""} == {
        "message": "",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    assert "req_1" in answer.json["error"]["message"]
    assert b"secret" not in answer.body
    record = caplog.records[0]
    assert (record.name, record.levelno) == ("evald.http", logging.ERROR)
    assert "req_1" in record.getMessage()
    assert record.exc_info


async def test_a_client_that_went_away_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    answer = await answered(raising(ClientDisconnect()))

    assert answer.status == 0
    assert not caplog.records


@pytest.mark.parametrize("error", [ZeroDivisionError(), InvalidValue("No.")])
async def test_after_the_answer_has_begun_only_the_log_is_told(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def pieces() -> Any:
        yield b"begun"
        raise error

    answer = await answered(StreamingResponse(pieces()))

    assert (answer.status, answer.body) == (200, b"begun")
    assert caplog.records[0].exc_info


async def test_an_answer_that_goes_well_is_left_alone() -> None:
    answer = await answered(StreamingResponse(stream([b"a", b"b"]), 201))

    assert (answer.status, answer.body) == (201, b"ab")
