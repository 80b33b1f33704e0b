"""Lists that are read while things come and go, and runs that go while they are worked on.

Rests on: ours. What was there throughout is seen, and seen once.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import pytest

from tests.hostile.conftest import client_of
from tests.support.running_server import RunningServer
from tests.wire.bodies import an_eval, completions, free_eval, inline, jsonl, row, said

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

STAY = 7
ROWS = 400


def made(http: httpx2.Client, path: str, body: Any) -> str:
    answer = http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def uploaded(http: httpx2.Client) -> str:
    form = {"file": ("a.jsonl", b"{}"), "purpose": (None, b"user_data")}
    return str(http.post("/v1/files", files=form).json()["id"])


def maker(http: httpx2.Client, kind: str) -> tuple[str, Callable[[], str]]:
    """The path of a list, and what makes one more thing in it."""
    if kind == "evals":
        return "/v1/evals", lambda: made(http, "/v1/evals", free_eval())
    if kind == "files":
        return "/v1/files", lambda: uploaded(http)
    path = f"/v1/evals/{made(http, '/v1/evals', free_eval())}/runs"
    body = {"data_source": jsonl(inline([said("x", expected="x")]))}
    return path, lambda: made(http, path, body)


@pytest.mark.parametrize("kind", ["evals", "runs", "files"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_what_was_there_throughout_is_seen_once(
    http_of_each: httpx2.Client, kind: str, order: str
) -> None:
    http = http_of_each
    path, make = maker(http, kind)
    stay, go = [make()], [make()]
    for _ in range(STAY - 1):
        stay.append(make())
        go.append(make())
    seen: list[str] = []
    query = {"order": order, "limit": "3"}
    while True:
        page = http.get(path, params=query).json()
        seen += [each["id"] for each in page["data"]]
        if not page["has_more"] or set(stay) <= set(seen):
            break
        query["after"] = page["last_id"]
        # Anything but what the next page begins beyond.
        for one in [each for each in go if each != page["last_id"]][:3:2]:
            assert http.delete(f"{path}/{one}").status_code == 200
            go.remove(one)
        go.append(make())

    kept = [each for each in seen if each in stay]
    assert kept == (stay if order == "asc" else stay[::-1])
    assert len(set(seen)) == len(seen)


def test_lists_hold_while_many_hands_change_them(server: RunningServer) -> None:
    with client_of(server) as http:
        stay = [made(http, "/v1/evals", an_eval(name="stays")) for _ in range(15)]
        ending = threading.Event()
        changes: list[str] = []

        def come_and_go() -> None:
            with client_of(server) as own:
                while not ending.is_set():
                    one = made(own, "/v1/evals", free_eval())
                    assert own.delete(f"/v1/evals/{one}").status_code == 200
                    changes.append(one)

        with ThreadPoolExecutor(4) as hands:
            changing = [hands.submit(come_and_go) for _ in range(4)]
            try:
                while len(changes) < 50:
                    assert [each for each in read_all(http) if each in stay] == stay
            finally:
                ending.set()
            for each in changing:
                each.result()


def read_all(http: httpx2.Client) -> list[str]:
    """The ids of all evals; where the one a page ended with has gone, from the one before it."""
    seen: list[str] = []
    cursors: list[str] = []
    while True:
        query = {"limit": "10", **({"after": cursors[-1]} if cursors else {})}
        answer = http.get("/v1/evals", params=query)
        if answer.status_code == 400:
            assert answer.json()["error"]["code"] == "invalid_cursor"
            cursors.pop()
            continue
        page = answer.json()
        new = [each["id"] for each in page["data"] if each["id"] not in seen]
        seen += new
        cursors += new
        if not page["has_more"]:
            return seen


def test_two_runs_that_are_deleted_while_they_run_leave_nothing(
    http_of_each: httpx2.Client,
) -> None:
    http = http_of_each
    path = f"/v1/evals/{made(http, '/v1/evals', an_eval())}/runs"
    content = [row(f"{n}") for n in range(ROWS)] + [row("[slow]")]
    body = {"data_source": completions(inline(content))}
    first, second, third = [made(http, path, body) for _ in range(3)]
    for run_id in (first, second, third):
        wait_until(partial(is_under_way, http, f"{path}/{run_id}"))

    with ThreadPoolExecutor(8) as hands:
        deleted = [hands.submit(http.delete, f"{path}/{run_id}") for run_id in (first, second) * 4]
        statuses = sorted(each.result().status_code for each in deleted)

    assert statuses == [200, 200, *[404] * 6]
    for run_id in (first, second):
        assert http.get(f"{path}/{run_id}").status_code == 404
        assert http.get(f"{path}/{run_id}/output_items").status_code == 404
    wait_until(lambda: passed(http, f"{path}/{third}") == ROWS)
    assert [each["id"] for each in http.get(path).json()["data"]] == [third]
    assert http.post(f"{path}/{third}/cancel").json()["status"] == "canceled"


def test_an_eval_that_is_deleted_while_its_runs_run_takes_them_along(http: httpx2.Client) -> None:
    eval_path = f"/v1/evals/{made(http, '/v1/evals', an_eval())}"
    body = {"data_source": completions(inline([row("a"), row("[slow]")]))}
    runs = [made(http, f"{eval_path}/runs", body) for _ in range(2)]
    wait_until(lambda: passed(http, f"{eval_path}/runs/{runs[0]}") == 1)

    assert http.delete(eval_path).status_code == 200

    for run_id in runs:
        assert http.get(f"{eval_path}/runs/{run_id}").status_code == 404


def is_under_way(http: httpx2.Client, run_path: str) -> bool:
    return passed(http, run_path) > ROWS // 4


def passed(http: httpx2.Client, run_path: str) -> int:
    return int(http.get(run_path).json()["result_counts"]["passed"])


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.02)
