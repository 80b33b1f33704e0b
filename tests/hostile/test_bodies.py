"""JSON that is made to hurt: dense, deep, huge, odd. All of it is answered within five seconds.

Rests on: ours, but for the limits of metadata, which are documented (tests/wire has those).
"""

import json
import time
from typing import Any

import httpx2
import pytest

from evald.domain.exact_json import MAX_VALUES
from evald.wire.graders import MAX_GRADERS
from tests.wire.bodies import (
    Json,
    an_eval,
    completions,
    custom,
    free_eval,
    inline,
    jsonl,
    row,
    said,
    string_check,
    template,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

JSON = {"content-type": "application/json"}
GRADERS = "/v1/fine_tuning/alpha/graders"
LABELS: Json = {
    "type": "label_model",
    "name": "l",
    "model": "mock-model",
    "input": [{"role": "user", "content": "x"}],
    "labels": ["a"],
    "passing_labels": ["a"],
}
MULTI: Json = {"type": "multi", "name": "m", "calculate_output": "a"}
NUMBERS = [str(number) for number in range(100_000)]
MIB = 1_048_576


def refusal(answer: httpx2.Response) -> Any:
    assert answer.status_code == 400, answer.text[:500]
    return answer.json()["error"]


def made(http: httpx2.Client, path: str, body: Any) -> Any:
    # The client's own way cannot spell half a character.
    answer = http.post(path, content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code == 201, answer.text[:500]
    return answer.json()


def ended(http: httpx2.Client, run: Any) -> Any:
    path = f"/v1/evals/{run['eval_id']}/runs/{run['id']}"
    end = time.monotonic() + 60
    while (found := http.get(path).json())["status"] in ("queued", "in_progress"):
        assert time.monotonic() < end, found
    return found


@pytest.mark.parametrize("path", ["/v1/evals", "RUNS", "ROWS", f"{GRADERS}/validate"])
@pytest.mark.parametrize("unit", [b"[],", b'{"a":1},', b"1,", b'"",', b"1.5,", b"[[[]]],"])
def test_as_many_values_as_fit_into_a_body_hold_up_nobody(
    http: httpx2.Client, path: str, unit: bytes
) -> None:
    dense = b"[" + unit * (30 * MIB // len(unit)) + b"1]"
    body = b'{"x":' + dense + b"}"
    if path == "ROWS":
        before = b'{"data_source":{"type":"jsonl","source":{"type":"file_content","content":['
        body = before + b'{"item":' + body + b"}]}}}"
    if path in ("RUNS", "ROWS"):
        path = f"/v1/evals/{made(http, '/v1/evals', free_eval())['id']}/runs"

    error = refusal(http.post(path, content=body, headers=JSON))

    assert error["code"] == "invalid_json"
    assert f"{MAX_VALUES:,} values" in error["message"]


def test_a_row_of_too_many_values_in_a_file_is_refused(http: httpx2.Client) -> None:
    line = b'{"item":{"x":[' + b"[]," * (10 * MIB) + b"1]}}"
    form = {"file": ("rows.jsonl", line), "purpose": (None, b"evals")}
    file_id = http.post("/v1/files", files=form).json()["id"]
    eval_id = made(http, "/v1/evals", free_eval())["id"]

    source = {"data_source": jsonl({"type": "file_id", "id": file_id})}
    error = refusal(http.post(f"/v1/evals/{eval_id}/runs", json=source))

    assert f"{MAX_VALUES:,} values" in error["message"]


@pytest.mark.parametrize("count", [100_000, MAX_GRADERS + 1])
def test_very_many_criteria_are_refused(http: httpx2.Client, count: int) -> None:
    body = free_eval(*[string_check(f"c{n}", input="a", reference="a") for n in range(count)])

    error = refusal(http.post("/v1/evals", json=body))

    assert error["code"] in ("invalid_value", "invalid_json")


@pytest.mark.parametrize("as_list", [True, False])
def test_a_multi_grader_of_very_many_is_refused(http: httpx2.Client, as_list: bool) -> None:
    parts = [string_check(f"c{n}") for n in range(MAX_GRADERS + 1)]
    graders: Any = parts if as_list else {part["name"]: part for part in parts}
    error = refusal(http.post("/v1/evals", json=free_eval({**MULTI, "graders": graders})))

    assert error["param"] == "testing_criteria[0].graders"


def test_as_many_criteria_as_may_be_are_graded(http: httpx2.Client) -> None:
    criteria = [string_check(f"c{n}") for n in range(MAX_GRADERS)]
    eval_id = made(http, "/v1/evals", an_eval(*criteria))["id"]
    content = inline([said("x", prompt="p", expected="x") for _ in range(20)])

    run = ended(http, made(http, f"/v1/evals/{eval_id}/runs", {"data_source": jsonl(content)}))

    assert run["result_counts"]["passed"] == 20
    assert len(run["per_testing_criteria_results"]) == MAX_GRADERS


@pytest.mark.parametrize(
    "body",
    [
        an_eval(metadata=dict.fromkeys(NUMBERS, 1)),
        free_eval({**LABELS, "labels": NUMBERS, "passing_labels": NUMBERS}),
        free_eval({**LABELS, "input": [{"role": "user", "content": [{"type": "bad"}] * 50_000}]}),
        free_eval({**MULTI, "graders": {key: {} for key in NUMBERS}}),
        free_eval(*[{}] * 200_000),
    ],
    ids=["metadata", "labels", "parts", "graders", "criteria"],
)
def test_what_is_wrong_very_many_times_is_told_once_and_soon(
    http: httpx2.Client, body: Json
) -> None:
    """Each took minutes once: in time it went as the square of their number."""
    began = time.monotonic()

    answer = http.post("/v1/evals", content=json.dumps(body).encode(), headers=JSON)

    assert answer.status_code in (201, 400)
    assert len(answer.content) < 10 * MIB
    assert time.monotonic() - began < 5


def test_names_of_a_megabyte_go_through_all_of_a_run(http: httpx2.Client) -> None:
    name = "n" * 1_000_000
    eval_id = made(http, "/v1/evals", an_eval(string_check(name), name=name))["id"]
    content = inline([said("x", prompt="p", expected="x") for _ in range(3)])
    asked = {"name": name, "data_source": jsonl(content)}

    run = ended(http, made(http, f"/v1/evals/{eval_id}/runs", asked))

    path = f"/v1/evals/{eval_id}/runs/{run['id']}/output_items"
    items = http.get(path, params={"limit": 100}).json()["data"]
    assert (run["name"], len(items), run["result_counts"]["passed"]) == (name, 3, 3)
    assert http.get("/v1/evals", params={"limit": 100}).status_code == 200


STRINGS = ["a\0b", "\0", "\u202e", "\ufffe\uffff", "\r\nX-Injected: yes", "𝕏\u0300" * 20, "' --"]


@pytest.mark.parametrize("text", STRINGS)
def test_every_string_that_is_one_comes_back_as_it_was(
    http_of_each: httpx2.Client, text: str
) -> None:
    http = http_of_each
    grader = string_check(text, input="{{ item.expected }}")
    schema = {"type": "object", "properties": {text: {"const": text}}}
    body = an_eval(grader, name=text, metadata={text: text}, data_source_config=custom(schema))
    an = made(http, "/v1/evals", body)
    item = {text: text, "expected": text}
    content = inline([{"item": item, "sample": {"output_text": text, text: text}}])
    asked = {"name": text, "metadata": {text: text}, "data_source": jsonl(content)}

    run = ended(http, made(http, f"/v1/evals/{an['id']}/runs", asked))

    path = f"/v1/evals/{an['id']}"
    assert http.get(path).json() == an
    assert (an["name"], an["metadata"]) == (text, {text: text})
    assert an["testing_criteria"][0]["name"] == text
    assert (run["name"], run["metadata"]) == (text, {text: text})
    (output_item,) = http.get(f"{path}/runs/{run['id']}/output_items").json()["data"]
    assert output_item["datasource_item"] == item
    assert output_item["sample"]["output"][0]["content"] == text
    assert output_item["results"][0]["passed"]
    assert http.post(path, json={"name": text * 2, "metadata": {}}).json()["name"] == text * 2


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\udfff\ud800", "\r\n"])
def test_every_string_goes_through_a_model_and_its_graders(
    http_of_each: httpx2.Client, text: str
) -> None:
    """Rows are the only place for half a character, as whoever made them may have cut one."""
    http = http_of_each
    an = made(http, "/v1/evals", free_eval(string_check(), {**LABELS, "name": "l2"}))
    source = completions(
        inline([row(text)]), input_messages=template({"role": "user", "content": "{{item.prompt}}"})
    )

    run = ended(http, made(http, f"/v1/evals/{an['id']}/runs", {"data_source": source}))

    assert run["status"] == "completed"
    assert run["result_counts"]["total"] == 1
    path = f"/v1/evals/{an['id']}/runs/{run['id']}/output_items"
    (item,) = http.get(path).json()["data"]
    assert item["datasource_item"]["prompt"] == text


HALF = "\ud800"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/evals", an_eval(name=HALF)),
        ("/v1/evals", an_eval(metadata={HALF: "ü" * 513})),
        ("/v1/evals", an_eval(metadata={"a": HALF})),
        ("/v1/evals", an_eval(string_check(HALF))),
        ("/v1/evals", an_eval(string_check(operation=HALF))),
        ("/v1/evals", an_eval(string_check(type=HALF))),
        ("/v1/evals", an_eval(data_source_config=custom({"properties": {HALF: {}}}))),
        ("/v1/evals", an_eval(data_source_config={"type": HALF})),
        ("/v1/evals", an_eval(**{HALF: 1})),
        (f"{GRADERS}/run", {"grader": string_check(), "model_sample": HALF}),
        (f"{GRADERS}/run", {"grader": string_check(), "model_sample": "", "item": {"a": [HALF]}}),
        (f"{GRADERS}/validate", {"grader": {HALF: "multi"}}),
    ],
)
def test_half_a_character_is_refused_wherever_it_stands(
    http: httpx2.Client, path: str, body: Json
) -> None:
    error = refusal(http.post(path, content=json.dumps(body).encode(), headers=JSON))

    assert "surrogate" in error["message"]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400, "9" * 100_000])
@pytest.mark.parametrize("field", ["pass_threshold", "range"])
def test_a_number_beyond_a_float_is_told_as_one(
    http: httpx2.Client, field: str, number: str
) -> None:
    score = {**LABELS, "type": "score_model", field: ["@", "@"] if field == "range" else "@"}
    body = json.dumps(free_eval(score)).replace('"@"', number)

    error = refusal(http.post("/v1/evals", content=body.encode(), headers=JSON))

    assert "64-bit float" in error["message"]


@pytest.mark.parametrize("number", ["1e400", "1" + "0" * 400, "-0", "1E+400", "0." + "1" * 9_999])
def test_a_number_of_a_row_stays_as_it_was_written(http: httpx2.Client, number: str) -> None:
    eval_id = made(http, "/v1/evals", free_eval(string_check(input="{{ item.a }}")))["id"]
    content = inline([{"item": {"a": "@", "expected": number}, "sample": {"output_text": ""}}])
    body = json.dumps({"data_source": jsonl(content)}).replace('"@"', number)

    answer = http.post(f"/v1/evals/{eval_id}/runs", content=body.encode(), headers=JSON)

    assert f'"a":{number}' in answer.text.replace(": ", ":")
    assert ended(http, answer.json())["result_counts"]["passed"] == 1


@pytest.mark.parametrize("depth", [1_000, 200_000])
@pytest.mark.parametrize(
    "body",
    [
        '{"data_source_config":@}',
        '{"testing_criteria":@}',
        '{"metadata":@}',
        '{"grader":@}',
        '{"model_sample":"x","item":@}',
        '{"data_source":@}',
        '{"data_source":{"source":{"content":[@]}}}',
    ],
)
def test_deep_nesting_is_refused_wherever_it_stands(
    http: httpx2.Client, body: str, depth: int
) -> None:
    eval_id = made(http, "/v1/evals", free_eval())["id"]

    for path in ("/v1/evals", f"/v1/evals/{eval_id}/runs", f"{GRADERS}/run"):
        for deep in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            answer = http.post(path, content=body.replace("@", deep).encode(), headers=JSON)
            assert refusal(answer)["code"] == "invalid_json"


def test_of_a_key_that_stands_twice_the_last_counts_everywhere(http: httpx2.Client) -> None:
    grader = json.dumps(string_check(input="first", reference="second"))
    twice = grader[:-1] + ', "input": "second"}'

    asked = f'{{"grader":{twice},"model_sample":"x"}}'.encode()
    run = http.post(f"{GRADERS}/run", content=asked, headers=JSON)
    body = json.dumps(free_eval())[:-1] + ', "name": "last"}'
    an = http.post("/v1/evals", content=body.encode(), headers=JSON)

    assert run.json()["reward"] == 1.0
    assert an.json()["name"] == "last"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"prompt": {"pattern": "^(a+)+$"}}},
        {"properties": {"prompt": {"pattern": "(a|a)*b(a|a)*c"}}},
        {"patternProperties": {"(.*)*x": {"type": "string"}}},
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}] * 20}}, "$ref": "#/$defs/a"},
        {"$dynamicRef": "#meta", "$dynamicAnchor": "meta"},
        {"properties": {"prompt": {"pattern": "(" * 5_000}}},
        {"properties": {"prompt": {"maxLength": 10**400}}},
        {"not": {"not": {"not": {"$ref": "#"}}}},
        {"properties": {f"p{n}": {"$ref": "#"} for n in range(5_000)}},
        {"contains": {"$ref": "#"}, "items": {"$ref": "#"}, "uniqueItems": True},
    ],
)
def test_no_schema_holds_up_a_run(http: httpx2.Client, schema: Json) -> None:
    answer = http.post("/v1/evals", json=an_eval(data_source_config=custom(schema)))
    if answer.status_code == 400:
        assert answer.json()["error"]["code"] == "invalid_item_schema"
        return
    hard = "a" * 200_000 + "!"
    content = inline([said("x", prompt=hard, expected="x", deep=[[[]]] * 9)] * 5)
    run = http.post(f"/v1/evals/{answer.json()['id']}/runs", json={"data_source": jsonl(content)})

    assert run.status_code in (201, 400)
    if run.status_code == 201:
        assert ended(http, run.json())["status"] in ("completed", "failed")
