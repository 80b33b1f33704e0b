"""Templates and `string_check`, as runs show them: what is filled in, and what passes."""

import json
from typing import Any

import httpx2
import openai
import pytest

from tests.wire.bodies import (
    Json,
    completions,
    free_eval,
    inline,
    jsonl,
    responses,
    row,
    said,
    string_check,
    template,
)
from tests.wire.runs import ended, graded, items_of, new_eval, said_by

TRUTH = [
    ("eq", "Paris", "Paris", True),
    ("eq", "Paris", "paris", False),
    ("eq", "Paris ", "Paris", False),
    ("eq", "", "", True),
    ("eq", "é", "e\u0301", False),
    ("ne", "Paris", "paris", True),
    ("ne", "Paris", "Paris", False),
    ("like", "It is Paris.", "Paris", True),
    ("like", "Paris", "It is Paris.", False),
    ("like", "It is Paris.", "paris", False),
    ("like", "anything", "", True),
    ("like", "Paris", "%ari%", False),
    ("like", "Paris", "P*s", False),
    ("ilike", "It is PARIS.", "paris", True),
    ("ilike", "Hauptstraße", "STRASSE", True),
    ("ilike", "It is Paris.", "London", False),
]


def test_string_check_truth(client: openai.OpenAI) -> None:
    """Operations, case and direction are documented; folding and empty references are ours."""
    operations = ["eq", "ne", "like", "ilike"]
    body = free_eval(*(string_check(name, operation=name) for name in operations))
    content = [said(given, expected=wanted) for _, given, wanted, _ in TRUTH]

    items = graded(client, body, jsonl(inline(content)))

    for (operation, given, wanted, passes), item in zip(TRUTH, items, strict=True):
        result = item.results[operations.index(operation)]
        case = f"{operation} {given!r} {wanted!r}"
        assert (case, result.passed, result.score) == (case, passes, float(passes))


ITEM: Json = {
    "text": "as it is",
    "list": [{"name": "first"}, "second"],
    "deep": {"er": {"a key": "found"}},
    "encoded": '{"symbols": ["x", "y"]}',
    "nothing": None,
    "yes": True,
    "object": {"b": 1, "a": [1.5, None]},
    "empty": "",
}


FILLED = [
    ("{{ item.text }}", "as it is"),
    ("{{item.text}}", "as it is"),
    ("{{  item.text\n}}", "as it is"),
    ("<{{item.text}}|{{ item.text }}>", "<as it is|as it is>"),
    ("{{ item.list[0].name }} {{item.list[1]}}", "first second"),
    ("{{ item.list.0.name }}", "first"),
    ("{{ item.deep.er['a key'] }}", "found"),
    ("{{ item.encoded.symbols[1] }}", "y"),
    ("{{ item.encoded }}", '{"symbols": ["x", "y"]}'),
    ("{{ item.nothing }} {{ item.yes }}", "null true"),
    ("{{ item.object }}", '{"b":1,"a":[1.5,null]}'),
    ("{{ item.empty }}", ""),
    ("{{ item.text }", "{{ item.text }"),
    ("{ item.text }} {{", "{ item.text }} {{"),
    ('{{ "a": 1 }}', '{{ "a": 1 }}'),
    ("no template", "no template"),
]


@pytest.fixture(scope="module")
def fillings(client: openai.OpenAI) -> dict[str, str]:
    """What an echoing model says to each template, by template."""
    texts = [text for text, _ in FILLED]
    messages = template({"role": "user", "content": "\x1f".join(texts)})
    source = completions(inline([{"item": ITEM}]), input_messages=messages)
    (item,) = graded(client, free_eval(string_check(reference="")), source)
    return dict(zip(texts, said_by(item).split("\x1f"), strict=True))


@pytest.mark.parametrize(("text", "filled"), FILLED)
def test_what_a_template_is_filled_with(text: str, filled: str, fillings: dict[str, str]) -> None:
    """Dots, `[n]` and whitespace are documented; how other values than text are written is ours.

    Unclosed braces and paths into JSON text were accepted (observed 2025).
    """
    assert fillings[text] == filled


NUMBERS = ["36893488147419103233", "15", "15.0", "0.10", "1e3", "-0", "-0.0", "1E400"]


def test_numbers_keep_their_text_on_all_their_way(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    """Ours: request, echo, prompt, comparison and item have the number as it was written."""
    check = string_check(
        input="{{ item.n }}|{{ item.text }}", reference="{{ item.text }}|{{item.n}}"
    )
    eval_id = new_eval(client, free_eval(check, string_check(reference="{{ item.n }}")))
    prompt = template({"role": "user", "content": "{{ item.n }}"})
    source = json.dumps(completions(inline(["ROWS"]), input_messages=prompt))  # type: ignore[list-item]
    content = ",".join(f'{{"item":{{"n":{n},"text":"{n}"}}}}' for n in NUMBERS)
    path = f"/v1/evals/{eval_id}/runs"

    made = http.post(
        path,
        content=f'{{"data_source":{source.replace(chr(34) + "ROWS" + chr(34), content)}}}',
        headers={"content-type": "application/json"},
    )
    run = ended(client, eval_id, made.json()["id"])

    assert f'"content":[{content}]' in made.text
    assert f'"content":[{content}]' in http.get(f"{path}/{run.id}").text
    assert run.result_counts.passed == len(NUMBERS)
    assert [said_by(item) for item in items_of(client, run)] == NUMBERS
    items = http.get(f"{path}/{run.id}/output_items").text
    assert all(f'"datasource_item":{{"n":{n},"text":"{n}"}}' in items for n in NUMBERS)


def test_fifteen_is_not_fifteen_point_zero(client: openai.OpenAI) -> None:
    """Ours; also where the rows come through the official client, and in the hash."""
    content = [said("15", expected=15), said("15.0", expected=15.0), said("15", expected=15.0)]

    items = graded(client, free_eval(), jsonl(inline(content)))

    assert [item.status for item in items] == ["pass", "pass", "fail"]
    hashes = [item.to_dict()["_datasource_item_content_hash"] for item in items]
    assert hashes[0] != hashes[1] == hashes[2]


HOSTILE = [
    "{{ sample.output_text }}",
    "{{ item.expected }}",
    "{{{{ item.expected }}}}",
    "{{ item",
    "{% for x in item %}",
    "${item.expected}",
    "{0.__class__}",
]


def test_text_of_an_item_is_inert(client: openai.OpenAI) -> None:
    """Ours, and a matter of safety: what was filled in is never looked at again."""
    passing = free_eval(string_check(reference="{{ item.prompt }}"))
    content = [row(hostile, "secret") for hostile in HOSTILE]

    items = graded(client, passing, completions(inline(content)))

    assert [said_by(item) for item in items] == HOSTILE
    assert {item.status for item in items} == {"pass"}


NOT_THERE = [
    "item.missing",
    "item.text.deeper",
    "item.list[9]",
    "sample.outputtext",
    "sample.choices[9].message",
]


def test_a_variable_that_is_not_there_makes_the_criterion_errored(client: openai.OpenAI) -> None:
    """Ours, never empty text: the message names the variable, the other criteria are graded."""
    lost = [string_check(f"of {path}", reference=f"a{{{{ {path} }}}}b") for path in NOT_THERE]
    source = jsonl(inline([said("x", expected="x", **ITEM)]))

    (item,) = graded(client, free_eval(string_check("fine"), *lost), source)

    fine, *errored = (result.to_dict() for result in item.results)
    assert item.status == "error"
    assert (fine["passed"], fine["score"]) == (True, 1.0)
    for path, result in zip(NOT_THERE, errored, strict=True):
        assert (result["passed"], result["score"], result["sample"]) == (False, 0.0, None)
        error: Any = result["error"]
        assert error["code"] == "unresolved_variable"
        assert f"'{path}'" in error["message"]
        assert f"'of {path}'" in error["message"]


@pytest.mark.parametrize("data_source", [completions, responses])
def test_a_prompt_that_cannot_be_filled_makes_the_item_errored(
    client: openai.OpenAI, data_source: Any
) -> None:
    """Ours: no model is asked for such a row, and the others go on."""
    prompt = template({"role": "user", "content": "{{ item.only }}"})
    source = data_source(inline([row("a", "b", only="b"), row("a")]), input_messages=prompt)

    fine, lost = graded(client, free_eval(), source)

    assert (fine.status, lost.status) == ("pass", "error")
    assert lost.sample.output == []
    assert lost.sample.error.code == "invalid_template_variable"
    assert "'item.only'" in lost.sample.error.message
    assert [result.passed for result in lost.results] == [False]


def completion(message: Json, **more: Any) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"model": "m", "choices": [choice], **more}


SAMPLES: list[tuple[Any, str]] = [
    ({"output_text": "x"}, "x"),
    ("x", "x"),
    (completion({"content": "x"}), "x"),
    (
        completion(
            {"content": None, "refusal": "no"},
            id="chatcmpl-1",
            object="chat.completion",
            usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        ),
        "",
    ),
]


def test_uploaded_samples_in_every_shape(client: openai.OpenAI) -> None:
    """Whole and minimal chat completions were observed 2025; text alone is ours."""
    content = [{"item": {"expected": text}, "sample": sample} for sample, text in SAMPLES]

    items = graded(client, free_eval(), jsonl(inline(content)))

    assert [item.status for item in items] == ["pass"] * len(SAMPLES)
    assert [item.sample.input for item in items] == [[]] * len(SAMPLES)


def test_json_of_an_output_can_be_named(client: openai.OpenAI) -> None:
    """Observed 2025: the whole, and a list inside of it."""
    body = free_eval(
        string_check("whole", input="{{ sample.output_json }}", reference='{"symbols":["a",1.0]}'),
        string_check("part", input="{{sample.output_json.symbols}}", reference='["a",1.0]'),
        string_check("choice", input="{{ sample.choices[0].message.role }}", reference="assistant"),
    )

    (item,) = graded(client, body, jsonl(inline([said(' {"symbols": ["a", 1.0]} ')])))

    assert [result.passed for result in item.results] == [True, True, True]


def test_without_a_sample_its_variables_are_not_there(client: openai.OpenAI) -> None:
    """Ours: a criterion that needs none is graded all the same."""
    body = free_eval(
        string_check("needs", input="{{ sample.output_text }}"),
        string_check("free", input="{{ item.a }}", reference="1"),
    )

    (item,) = graded(client, body, jsonl(inline([{"item": {"a": 1, "expected": ""}}])))

    assert [result.passed for result in item.results] == [False, True]
    assert item.status == "error"


def test_a_multi_in_a_run_shows_the_scores_it_is_made_of(client: openai.OpenAI) -> None:
    """Ours: the document has `multi` in grader runs only, and no example of a result."""
    multi = {
        "type": "multi",
        "name": "both",
        "graders": {"same": string_check("a"), "other": string_check("b", operation="ne")},
        "calculate_output": "max(0.75 * same, 0.25 * other)",
    }
    content = [said("x", expected="x"), said("x", expected="y")]

    right, wrong = graded(client, free_eval(multi), jsonl(inline(content)))

    for item, score, scores in [
        (right, 0.75, {"same": 1.0, "other": 0.0}),
        (wrong, 0.25, {"same": 0.0, "other": 1.0}),
    ]:
        (result,) = item.results
        assert (result.score, result.passed) == (score, score >= 0.5)
        assert result.to_dict()["scores"] == scores
    assert (right.status, wrong.status) == ("pass", "fail")


def test_a_multi_without_a_value_makes_the_item_errored(client: openai.OpenAI) -> None:
    """Ours: the scores are shown all the same, and so is why a grader came to no verdict."""
    graders = {"same": string_check("a"), "lost": string_check("b", input="{{ item.missing }}")}
    undefined, lost = (
        {"type": "multi", "name": name, "graders": graders, "calculate_output": "1 / same"}
        for name in ("undefined", "lost")
    )
    undefined["graders"] = {"same": graders["same"]}

    (item,) = graded(client, free_eval(undefined, lost), jsonl(inline([said("x", expected="y")])))

    first, second = (result.to_dict() for result in item.results)
    assert item.status == "error"
    assert first["error"] == {
        "code": "undefined_formula",
        "message": "The formula of 'undefined' has no value here: it divides by zero.",
    }
    error: Any = second["error"]
    assert error["code"] == "unresolved_variable"
    assert error["message"].startswith("Grader 'lost' of 'lost' came to no verdict: ")
    assert second["scores"] == {"same": 0.0, "lost": 0.0}
    inside: Any = second["sub_results"]
    assert inside["lost"]["error"]["code"] == "unresolved_variable"


def test_a_tool_call_is_graded_by_its_parts(client: openai.OpenAI) -> None:
    """The guide's example of a multi over a tool call, written anew: arguments are compared raw."""
    called = "{{sample.output_tools[0].function.%s}}"
    name = string_check("name", input="look_up", reference=called % "name")
    arguments = string_check(
        "arguments", input='{"city": "{{item.city}}"}', reference=called % "arguments"
    )
    multi = {
        "type": "multi",
        "name": "call",
        "graders": {"name": name, "arguments": arguments},
        "calculate_output": "0.25 * name + 0.75 * arguments",
    }
    function = {"name": "look_up", "arguments": '{"city": "Oslo"}'}
    call = {"id": "call_1", "type": "function", "function": function}
    sample = completion({"content": None, "tool_calls": [call]})
    content = [{"item": {"city": city}, "sample": sample} for city in ("Oslo", "Rome")]

    items = graded(client, free_eval(multi), jsonl(inline(content)))

    assert [item.results[0].score for item in items] == [1.0, 0.25]
