"""The list of operations: every documented path and method, and what other ones get."""

from typing import cast

import pytest

from evald.domain.errors import UnknownUrl
from evald.http.app import OPERATIONS, build_api
from evald.services.context import Context
from tests.unit.http.asgi import Answer, ask, scope_of

# None of what is asked here looks into the context.
NO_CONTEXT = cast("Context", None)


async def answer_to(method: str, path: str, *, is_ready: bool = True) -> Answer:
    api = build_api(NO_CONTEXT, max_body_bytes=1_000, is_ready=lambda: is_ready)
    return await ask(api, scope_of(method, path))


def test_all_documented_operations_are_there() -> None:
    """Documented: OpenAI's OpenAPI document; the second path of cancel stands in its example."""
    run = "/v1/evals/{eval_id}/runs/{run_id}"

    assert {(operation.method, operation.path) for operation in OPERATIONS} == {
        ("GET", "/v1/evals"),
        ("POST", "/v1/evals"),
        ("GET", "/v1/evals/{eval_id}"),
        ("POST", "/v1/evals/{eval_id}"),
        ("DELETE", "/v1/evals/{eval_id}"),
        ("GET", "/v1/evals/{eval_id}/runs"),
        ("POST", "/v1/evals/{eval_id}/runs"),
        ("GET", run),
        ("POST", run),
        ("POST", f"{run}/cancel"),
        ("DELETE", run),
        ("GET", f"{run}/output_items"),
        ("GET", f"{run}/output_items/{{output_item_id}}"),
        ("GET", "/v1/files"),
        ("POST", "/v1/files"),
        ("GET", "/v1/files/{file_id}"),
        ("DELETE", "/v1/files/{file_id}"),
        ("GET", "/v1/files/{file_id}/content"),
        ("POST", "/v1/fine_tuning/alpha/graders/run"),
        ("POST", "/v1/fine_tuning/alpha/graders/validate"),
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v1/chat/completions/{completion_id}"),
        ("POST", "/v1/chat/completions/{completion_id}"),
        ("DELETE", "/v1/chat/completions/{completion_id}"),
        ("GET", "/v1/chat/completions/{completion_id}/messages"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/moderations"),
        ("GET", "/v1/evald/usage"),
        ("POST", "/v1/responses"),
        ("GET", "/v1/responses/{response_id}"),
        ("DELETE", "/v1/responses/{response_id}"),
        ("POST", "/v1/responses/{response_id}/cancel"),
        ("GET", "/v1/responses/{response_id}/input_items"),
        ("GET", "/v1/evald/responses"),
        ("POST", "/v1/evald/imports"),
        ("GET", "/v1/evald/imports/{import_id}"),
        ("POST", "/v1/evald/logs"),
        ("GET", "/v1/evald/runs/{run_id}/report"),
        ("GET", "/v1/evald/runs/{run_id}/items"),
        ("GET", "/v1/evald/runs/{run_id}/groups"),
        ("GET", "/v1/evald/runs/{run_id}/export"),
        ("GET", "/v1/evald/compare"),
        ("GET", "/v1/evald/compare/items"),
        ("POST", "/v1/evald/webhooks"),
        ("GET", "/v1/evald/webhooks"),
        ("GET", "/v1/evald/webhooks/{webhook_id}"),
        ("DELETE", "/v1/evald/webhooks/{webhook_id}"),
        ("GET", "/v1/evald/webhooks/{webhook_id}/deliveries"),
        ("POST", "/v1/evald/runs/{run_id}/retry"),
        ("POST", "/v1/evald/runs/{run_id}/resume"),
        ("POST", "/v1/evald/runs/{run_id}/regrade"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/{model_id:path}"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/v1/evald/runs/{run_id}/events"),
        ("GET", "/openapi.json"),
    }


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/evals", "GET, HEAD, POST"),
        ("OPTIONS", "/v1/evals", "GET, HEAD, POST"),
        ("PATCH", "/v1/evals/eval_1", "DELETE, GET, HEAD, POST"),
        ("GET", "/v1/evals/eval_1/runs/evalrun_1/cancel", "POST"),
        ("HEAD", "/v1/evals/eval_1/runs/evalrun_1/cancel", "POST"),
        ("DELETE", "/v1/models/openai/gpt-x", "GET, HEAD"),
    ],
)
async def test_another_method_is_refused_with_those_allowed(
    method: str, path: str, allow: str
) -> None:
    answer = await answer_to(method, path)

    assert answer.status == 405
    assert answer.headers["allow"] == allow
    assert answer.json["error"]["code"] == "method_not_allowed"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/eval", "/v1/evals/", "/v1/evals/a/b", "/v1/evals/a/runs/b/c", "/healthz/"],
)
async def test_another_path_is_unknown(path: str) -> None:
    with pytest.raises(UnknownUrl) as unknown:
        await answer_to("POST", path)

    assert unknown.value.message == f"Invalid URL (POST {path})"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("is_ready", [True, False])
async def test_health_is_always_well(method: str, is_ready: bool) -> None:
    answer = await answer_to(method, "/healthz", is_ready=is_ready)

    assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_readiness_is_what_is_said_of_it() -> None:
    assert (await answer_to("GET", "/readyz")).status == 200
    not_ready = await answer_to("GET", "/readyz", is_ready=False)

    assert (not_ready.status, not_ready.json) == (503, {"status": "not_ready"})


async def test_the_openapi_document_is_answered() -> None:
    answer = await answer_to("GET", "/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json["openapi"] == "3.1.0"
