"""OpenAI's envelope is documented; the other shapes are what servers like it were seen to send."""

import pytest
from multidict import CIMultiDict

from evald.adapters.models.provider import Provider
from evald.adapters.models.refusals import refusal, retry_after_s

KEY = "sk-toy-0123456789"
PROVIDER = Provider(name="toy", base_url="http://toy/v1", api_key=KEY)
NOW = 1_750_000_000  # Sun, 15 Jun 2025 15:06:40 GMT


def code_and_message(status: int, content: str) -> tuple[str, str]:
    failure = refusal(PROVIDER, status, content=content.encode(), retry_after_s=None)
    assert failure.status == status
    return failure.code, failure.message


@pytest.mark.parametrize(
    ("status", "content", "code", "message"),
    [
        (429, '{"error":{"code":"c","type":"t","message":"m"}}', "c", "m"),
        (400, '{"error":{"code":null,"type":"t","message":"m"}}', "t", "m"),
        (400, '{"error":{"code":400,"type":"t","message":"m"}}', "t", "m"),  # vLLM
        (400, '{"error":{"code":400,"message":"m"}}', "http_400", "m"),  # Gemini, OpenRouter
        (404, '{"error":"model not found"}', "http_404", "model not found"),  # Ollama
        (404, '{"object":"error","type":"NotFound","message":"m"}', "NotFound", "m"),
        (404, '{"detail":"Not Found"}', "http_404", "Not Found"),  # FastAPI
        (503, '{"error":null,"message":"m"}', "http_503", "m"),
        (502, "Bad gateway\n", "http_502", "Provider 'toy' answered with status 502: Bad gateway"),
        (500, "", "http_500", "Provider 'toy' answered with status 500."),
        (500, "[1]", "http_500", "Provider 'toy' answered with status 500: [1]"),
        (
            500,
            '{"error":{}}',
            "http_500",
            "Provider 'toy' answered with status 500: {\"error\":{}}",
        ),
    ],
)
def test_code_and_message(status: int, content: str, code: str, message: str) -> None:
    assert code_and_message(status, content) == (code, message)


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are() -> None:
    failure = refusal(PROVIDER, 500, content=b"caf\xe9", retry_after_s=None)

    assert failure.message.endswith("caf\ufffd")


def test_a_long_message_is_cut() -> None:
    _, message = code_and_message(500, '{"error":{"message":"' + "x" * 5_000 + '"}}')

    assert message == "x" * 1_000


def test_our_key_is_blotted_out_even_where_the_cut_would_halve_it() -> None:
    _, message = code_and_message(401, '{"error":"' + "x" * 995 + KEY + '"}')

    assert message == "x" * 995 + "***"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "0"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "Retry-After": "7"}, 0.25),
        ({"retry-after-ms": "soon", "Retry-After": "7"}, 7.0),
        ({"Retry-After": "Sun, 15 Jun 2025 15:07:10 GMT"}, 30.0),
        ({"Retry-After": "Sun, 15 Jun 2025 15:00:00 GMT"}, 0.0),  # gone by
        ({"Retry-After": "Sun, 15 Jun 2025 17:07:10 +0200"}, 30.0),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "in a moment"}, None),
        ({"Retry-After": "Sun, 99 Jun 2025 15:00:00 GMT"}, None),
        ({"Retry-After": ""}, None),
    ],
)
def test_how_long_the_provider_asks_to_be_left_alone(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(CIMultiDict(headers), now=NOW) == seconds
