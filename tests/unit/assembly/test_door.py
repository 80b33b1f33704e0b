"""The door: keys before routes, known hosts only, and the same headers on every answer."""

from typing import Any

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from evald.adapters.prometheus.exposition import Prometheus
from evald.adapters.prometheus.series import TimedSeries
from evald.assembly.door import Door, api_path, host_name, key_of
from evald.domain.errors import IncorrectApiKey, MissingApiKey, UnknownUrl
from evald.services.keys import Admitted
from evald.wire.ids import IdPrefix
from tests.unit.http.asgi import Answer, ask, scope_of

BEARER = ("Authorization", "Bearer good")


class SteppingClock:
    """Every look at it is 12 ms later."""

    def __init__(self) -> None:
        self._monotonic = 0.0

    def now(self) -> int:
        return 1

    def monotonic(self) -> float:
        self._monotonic += 0.012
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        return

    def jitter(self) -> float:
        return 0.0

    def new_id(self, prefix: IdPrefix) -> str:
        return f"{prefix}{'0' * 32}"

    def new_file_id(self) -> str:
        return "file-1"

    def new_uuid(self) -> str:
        return "1"


class OneKey:
    async def is_open(self) -> bool:
        return False

    async def admit(self, key: str | None) -> Admitted:
        if key is None:
            raise MissingApiKey
        if key != "good":
            raise IncorrectApiKey(key)
        return Admitted("proj_1", "key_1")


async def api(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/v1/unknown":
        raise UnknownUrl(scope["method"], scope["path"])
    if scope["path"] == "/v1/crash":
        raise ZeroDivisionError
    await JSONResponse({"api": scope["state"]})(scope, receive, send)


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"page": scope["path"]})(scope, receive, send)


async def answer_to(
    path: str,
    *headers: tuple[str, str],
    method: str = "GET",
    hosts: frozenset[str] | None = None,
) -> Answer:
    door = Door(api, pages, OneKey(), SteppingClock(), allowed_hosts=hosts)
    scope = scope_of(method, path, headers=headers)
    del scope["state"]
    return await ask(door, scope)


async def test_a_good_key_leads_to_the_api_with_its_project() -> None:
    answer = await answer_to("/v1/evals", BEARER)

    state = answer.json["api"]
    assert state["request_id"] == "req_" + "0" * 32
    assert (state["project_id"], state["key_id"]) == ("proj_1", "key_1")


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/evals", "/v1/unknown", "/v1/crash"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "BREW"])
async def test_without_a_key_every_path_of_the_api_is_401(path: str, method: str) -> None:
    """Observed: the message's beginning and the null code."""
    answer = await answer_to(path, method=method)

    assert answer.status == 401
    assert answer.json["error"]["message"].startswith("You didn't provide an API key.")
    assert answer.json["error"]["code"] is None


@pytest.mark.parametrize("path", ["/v1/evals", "/v1/unknown"])
async def test_with_a_wrong_key_every_path_of_the_api_is_401(path: str) -> None:
    """Observed: message, type and code."""
    answer = await answer_to(path, ("Authorization", "Bearer wrong"))

    assert answer.status == 401
    error = answer.json["error"]
    assert error["message"].startswith("Incorrect API key provided: *****.")
    assert error["type"] == "invalid_request_error"
    assert error["code"] == "invalid_api_key"


@pytest.mark.parametrize(("keys", "status"), [(["good", "bad"], 200), (["bad", "good"], 401)])
async def test_of_two_keys_the_first_counts(keys: list[str], status: int) -> None:
    answer = await answer_to("/v1/evals", *[("Authorization", f"Bearer {key}") for key in keys])

    assert answer.status == status


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
async def test_some_paths_of_the_api_are_open(path: str) -> None:
    assert "api" in (await answer_to(path)).json


@pytest.mark.parametrize("path", ["/", "/v1x", "/v", "/evaluations/eval_1", "/healthz/", "//v1/"])
async def test_all_else_leads_to_the_pages(path: str) -> None:
    assert (await answer_to(path)).json == {"page": path}


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"Authorization": "Bearer k"}, "k"),
        ({"Authorization": "bearer  k "}, "k"),
        ({"api-key": "k"}, "k"),
        ({"Authorization": "Bearer k", "api-key": "other"}, "k"),
        ({"Authorization": "Basic x", "api-key": "k"}, "k"),
        ({"Authorization": "Bearer "}, None),
        ({"Authorization": "Bearer"}, None),
        ({"Authorization": "k"}, None),
        ({"Authorization": "Basic k"}, None),
        ({"api-key": " "}, None),
        ({}, None),
    ],
)
def test_a_key_comes_as_a_bearer_or_as_on_azure(headers: dict[str, str], key: str | None) -> None:
    assert key_of({name.lower().encode(): headers[name].encode() for name in headers}) == key


@pytest.mark.parametrize(
    ("path", "headers", "hosts", "status"),
    [
        ("/v1/evals", [BEARER], None, 200),
        ("/v1/evals", [], None, 401),
        ("/v1/unknown", [BEARER], None, 404),
        ("/v1/crash", [BEARER], None, 500),
        ("/", [], None, 200),
        ("/", [("Host", "evil.example")], frozenset({"localhost"}), 421),
    ],
)
async def test_every_answer_has_the_same_headers(
    path: str, headers: Any, hosts: frozenset[str] | None, status: int
) -> None:
    answer = await answer_to(path, *headers, hosts=hosts)

    assert answer.status == status
    assert answer.headers["x-request-id"] == "req_" + "0" * 32
    assert answer.headers["openai-version"] == "2020-10-01"
    assert answer.headers["openai-processing-ms"] == "12"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("localhost.", True),
        ("127.0.0.1:80", True),
        ("[::1]:8080", True),
        ("[::1]", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("localhost@evil.example", False),
        ("", False),
        (None, False),
    ],
)
@pytest.mark.parametrize("path", ["/", "/v1/evals", "/healthz"])
async def test_only_known_hosts_are_answered(path: str, host: str | None, is_known: bool) -> None:
    hosts = frozenset({"localhost", "127.0.0.1", "[::1]"})
    headers = [BEARER] if host is None else [BEARER, ("Host", host)]

    answer = await answer_to(path, *headers, hosts=hosts)

    assert answer.status == (200 if is_known else 421)
    if not is_known:
        assert answer.json["error"]["code"] == "host_not_allowed"


async def test_of_two_hosts_both_must_be_known() -> None:
    headers = [("Host", "localhost"), ("Host", "evil.example")]

    assert (await answer_to("/", *headers, hosts=frozenset({"localhost"}))).status == 421


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/openai/v1/evals", "/v1/evals"),
        ("/openai/evals/eval_1/runs", "/v1/evals/eval_1/runs"),
        ("/api/projects/p-1/openai/evals", "/v1/evals"),
        ("/api/projects/p-1/openai/v1/evals", "/v1/evals"),
        ("/v1/openai/evals", "/v1/openai/evals"),
        ("/openaix/evals", "/openaix/evals"),
        ("/openai", "/openai"),
        ("/", "/"),
    ],
)
def test_paths_of_azure_are_those_of_openai(path: str, api: str) -> None:
    """Documented by Azure."""
    assert api_path(path) == api


async def test_a_path_of_azure_needs_a_key_too() -> None:
    answer = await answer_to("/openai/v1/evals")

    assert answer.status == 401


def test_a_host_name_is_without_its_port() -> None:
    assert host_name("Example.COM.:443") == "example.com"


async def test_what_a_client_says_of_its_organization_is_ignored() -> None:
    headers = [BEARER, ("OpenAI-Project", "proj_x"), ("OpenAI-Organization", "org-x")]

    assert (await answer_to("/v1/evals", *headers)).json["api"]["project_id"] == "proj_1"


async def test_a_web_socket_is_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    door = Door(api, pages, OneKey(), SteppingClock())
    await door({"type": "websocket", "path": "/v1/evals"}, _never, send)

    assert sent == [{"type": "websocket.close"}]


async def _never() -> Any:
    raise AssertionError


class NoKeys(OneKey):
    async def is_open(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("keys", "headers", "status"),
    [
        (NoKeys(), (), 200),
        (OneKey(), (), 401),
        (OneKey(), (("Authorization", "Bearer wrong"),), 401),
        (OneKey(), (BEARER,), 200),
    ],
)
async def test_metrics_are_behind_the_key_once_there_is_one(
    keys: OneKey, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    """Ours."""
    door = Door(api, pages, keys, SteppingClock())

    assert (await ask(door, scope_of("GET", "/metrics", headers=headers))).status == status


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/v1/unknown", ("none", "GET", "4xx")),
        ("BREW", "/v1/crash", ("none", "other", "5xx")),
        ("GET", "/evaluations/eval_1", ("pages", "GET", "2xx")),
    ],
)
async def test_requests_count_by_route_and_never_by_path(
    method: str, path: str, labels: tuple[str, ...]
) -> None:
    """Ours: who asks for a million paths makes no million series."""
    metrics = Prometheus().metrics
    door = Door(api, pages, OneKey(), SteppingClock(), metrics=metrics)

    await ask(door, scope_of(method, path, headers=(BEARER,)))

    assert isinstance(metrics.http, TimedSeries)
    assert [found for found, _ in metrics.http.values()] == [labels]
