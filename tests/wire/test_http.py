"""The door: keys before routes, envelopes, headers and methods."""

import re
from collections.abc import Iterator

import httpx2
import pytest

from tests.support.running_server import RunningServer
from tests.wire.bodies import an_eval
from tests.wire.conftest import STATIC_KEY, error_of, plain_http

OPEN_PATHS = ["/healthz", "/readyz", "/openapi.json"]
ROUTES = {
    "/v1/evals": ["get", "post"],
    "/v1/evals/{eval_id}": ["delete", "get", "post"],
    "/v1/evals/{eval_id}/runs": ["get", "post"],
    "/v1/evals/{eval_id}/runs/{run_id}": ["delete", "get", "post"],
    "/v1/evals/{eval_id}/runs/{run_id}/cancel": ["post"],
    "/v1/evals/{eval_id}/runs/{run_id}/output_items": ["get"],
    "/v1/evals/{eval_id}/runs/{run_id}/output_items/{output_item_id}": ["get"],
    "/v1/files": ["get", "post"],
    "/v1/files/{file_id}": ["delete", "get"],
    "/v1/files/{file_id}/content": ["get"],
    "/v1/evald/imports": ["post"],
    "/v1/evald/imports/{import_id}": ["get"],
    "/v1/fine_tuning/alpha/graders/run": ["post"],
    "/v1/fine_tuning/alpha/graders/validate": ["post"],
    "/v1/models": ["get"],
    "/v1/models/{model_id}": ["get"],
    "/healthz": ["get"],
    "/readyz": ["get"],
    "/metrics": ["get"],
    "/v1/evald/runs/{run_id}/events": ["get"],
    "/openapi.json": ["get"],
    "/v1/evald/logs": ["post"],
    "/v1/chat/completions": ["get", "post"],
    "/v1/chat/completions/{completion_id}": ["delete", "get", "post"],
    "/v1/chat/completions/{completion_id}/messages": ["get"],
    "/v1/completions": ["post"],
    "/v1/embeddings": ["post"],
    "/v1/moderations": ["post"],
    "/v1/evald/usage": ["get"],
    "/v1/responses": ["post"],
    "/v1/responses/{response_id}": ["delete", "get"],
    "/v1/responses/{response_id}/cancel": ["post"],
    "/v1/responses/{response_id}/input_items": ["get"],
    "/v1/evald/responses": ["get"],
    "/v1/evald/runs/{run_id}/retry": ["post"],
    "/v1/evald/runs/{run_id}/resume": ["post"],
    "/v1/evald/runs/{run_id}/regrade": ["post"],
    "/v1/evald/runs/{run_id}/report": ["get"],
    "/v1/evald/runs/{run_id}/items": ["get"],
    "/v1/evald/runs/{run_id}/groups": ["get"],
    "/v1/evald/runs/{run_id}/export": ["get"],
    "/v1/evald/compare": ["get"],
    "/v1/evald/compare/items": ["get"],
    "/v1/evald/webhooks": ["get", "post"],
    "/v1/evald/webhooks/{webhook_id}": ["delete", "get"],
    "/v1/evald/webhooks/{webhook_id}/deliveries": ["get"],
}


@pytest.fixture(scope="module", params=["server", "keyed_server"])
def stranger(request: pytest.FixtureRequest) -> Iterator[httpx2.Client]:
    """Somebody without a key, at a server that needs one and at one that takes any."""
    with plain_http(request.getfixturevalue(request.param), key="") as plain:
        yield plain


@pytest.fixture(scope="module")
def keyless(keyed_server: RunningServer) -> Iterator[httpx2.Client]:
    """Somebody who sets the headers of a key anew each time."""
    with plain_http(keyed_server, key="") as plain:
        yield plain


PATHS = [
    ("GET", "/v1/evals"),
    ("POST", "/v1/evals"),
    ("PATCH", "/v1/evals"),
    ("GET", "/v1/evals/eval_x/runs/evalrun_x"),
    ("POST", "/v1/files"),
    ("GET", "/v1/nowhere"),
    ("DELETE", "/v1"),
    ("GET", "/v1/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_key_every_path_is_a_401(stranger: httpx2.Client, method: str, path: str) -> None:
    """The body is observed; that it comes before routing is ours."""
    answer = stranger.request(method, path)

    error = error_of(answer)
    assert answer.status_code == 401
    assert error["message"].startswith("You didn't provide an API key.")
    assert (error["param"], error["code"]) == (None, None)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_with_a_wrong_key_every_path_is_a_401(
    keyless: httpx2.Client, method: str, path: str
) -> None:
    """The body is observed: the key starred out."""
    headers = {"authorization": "Bearer sk-wrong-0123456789-tail"}

    answer = keyless.request(method, path, headers=headers)

    error = error_of(answer)
    assert answer.status_code == 401
    assert error["message"].startswith("Incorrect API key provided: sk-w********tail.")
    assert (error["param"], error["code"]) == (None, "invalid_api_key")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": f"Bearer {STATIC_KEY}"}, 200),
        ({"authorization": f"bearer   {STATIC_KEY}"}, 200),
        ({"api-key": STATIC_KEY}, 200),
        ({"authorization": f"Basic {STATIC_KEY}"}, 401),
        ({"authorization": STATIC_KEY}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": f"Bearer {STATIC_KEY}x"}, 401),
    ],
)
def test_how_a_key_may_come(keyless: httpx2.Client, headers: dict[str, str], status: int) -> None:
    """Bearer is documented, `api-key` by Azure."""
    assert keyless.get("/v1/evals", headers=headers).status_code == status


def test_organization_and_project_are_ignored(server: RunningServer) -> None:
    """Ours: clients send them from their environment."""
    with server.client(organization="org-other", project="proj_other") as client:
        made = client.evals.create(**an_eval())
    with server.client() as client:
        assert client.evals.retrieve(made.id).id == made.id


@pytest.mark.parametrize("path", OPEN_PATHS)
def test_what_is_open_to_all(stranger: httpx2.Client, path: str) -> None:
    """Ours."""
    answer = stranger.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


def test_the_openapi_document_names_every_route(http: httpx2.Client) -> None:
    """Ours."""
    document = http.get("/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    assert {path: sorted(found) for path, found in document["paths"].items()} == ROUTES
    for path, methods in document["paths"].items():
        is_open = [found.get("security") == [] for found in methods.values()]
        assert is_open == [path in OPEN_PATHS] * len(methods), path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/evals", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/v1/nowhere", 404),
        ("PUT", "/v1/evals", 405),
        ("POST", "/v1/evals", 400),
        ("GET", "/healthz", 200),
        ("GET", "/", 200),
        ("GET", "/no-page", 404),
    ],
)
def test_headers_of_every_answer(http: httpx2.Client, method: str, path: str, status: int) -> None:
    """Observed 2026-04 and 2026-07."""
    answer = http.request(method, path)

    assert answer.status_code == status
    assert re.fullmatch("req_[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["openai-processing-ms"].isdecimal()
    assert answer.headers["openai-version"] == "2020-10-01"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_401_has_those_headers_too(stranger: httpx2.Client) -> None:
    """Observed 2026-04 for other answers."""
    answer = stranger.get("/v1/evals")

    assert {"x-request-id", "openai-version", "openai-processing-ms"} <= set(answer.headers)


def test_every_request_has_an_id_of_its_own(server: RunningServer) -> None:
    """Documented; the official client shows it as `_request_id`."""
    with server.client() as client:
        pages = [client.evals.list(), client.evals.list()]

    ids = [page._request_id for page in pages]  # noqa: SLF001
    assert len(set(ids)) == 2
    assert all(str(each).startswith("req_") for each in ids)


@pytest.mark.parametrize("path", ["/v1/x", "/v1/evals/", "/v1", "/v1/evals/a/b", "/v1/Evals"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_a_404(http: httpx2.Client, method: str, path: str) -> None:
    """Inferred."""
    answer = http.request(method, path)

    assert answer.status_code == 404
    assert error_of(answer)["message"] == f"Invalid URL ({method} {path})"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/evals", "GET, HEAD, POST"),
        ("PATCH", "/v1/evals/eval_x", "DELETE, GET, HEAD, POST"),
        ("GET", "/v1/evals/eval_x/runs/evalrun_x/cancel", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("OPTIONS", "/v1/evals", "GET, HEAD, POST"),
        ("DELETE", "/healthz", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_a_405(http: httpx2.Client, method: str, path: str, allowed: str) -> None:
    """Ours."""
    answer = http.request(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert method in error_of(answer)["message"]


def test_head_is_get_without_the_body(http: httpx2.Client) -> None:
    """Ours."""
    answer = http.head("/v1/models")

    assert (answer.status_code, answer.content) == (200, b"")
