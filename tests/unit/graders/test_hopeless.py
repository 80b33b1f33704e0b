"""What comes to the same end for every row: refused when an eval is created.

Ours: only the flag `invalid_variable_error` of a grader's run is documented. That braces which are
not closed were accepted was observed 2025.
"""

import pytest
from pydantic import JsonValue, TypeAdapter

from evald.domain.errors import InvalidValue
from evald.graders.hopeless import refuse_hopeless, refuse_hopeless_grader
from evald.wire.graders import Grader

ADAPTER: TypeAdapter[Grader] = TypeAdapter(Grader)
OPEN: dict[str, JsonValue] = {"type": "object", "properties": {"known": {}}}


def check(text: str, **fields: JsonValue) -> Grader:
    given = {"type": "string_check", "name": "Tone", "input": "", "operation": "eq"}
    return ADAPTER.validate_python({**given, "reference": text, **fields})


def score_model(content: JsonValue, **fields: JsonValue) -> Grader:
    message: JsonValue = {"role": "user", "content": content}
    given = {"type": "score_model", "name": "Tone", "model": "m", "input": [message]}
    return ADAPTER.validate_python({**given, **fields})


def similarity(threshold: float | None) -> Grader:
    given = {"type": "text_similarity", "name": "Tone", "input": "", "reference": ""}
    rest = {"evaluation_metric": "bleu", "pass_threshold": threshold}
    return ADAPTER.validate_python({**given, **rest})


def refused(grader: Grader, item_schema: JsonValue) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        refuse_hopeless_grader(grader, item_schema, param="grader")
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "no template",
        "{{ item }}",
        "{{ item.known }}",
        "{{ item.unknown }}",
        "{{ sample.output_text }}",
        "{{ sample.outputtext }}",  # an uploaded sample may have anything
        "{{ sample.output_items[0] }}",
        "{{ sample.output_text",
        "{ item.known }}",
        '{{ "a": 1 }}',
        "{{ two words }}",
        "{{}}",
        "{{{ }}}",
    ],
)
def test_a_template_that_some_row_may_fill_is_accepted(text: str) -> None:
    refuse_hopeless_grader(check(text), OPEN, param="grader")


@pytest.mark.parametrize(
    ("text", "named", "problem"),
    [
        ("a {{ foo.x }}", "foo.x", "is in neither of the two namespaces, 'item' and 'sample'"),
        ("{{name}}", "name", "is in neither of the two namespaces, 'item' and 'sample'"),
        ("{{ items.x }}", "items.x", "is in neither of the two namespaces, 'item' and 'sample'"),
        ("{{ Item.x }}", "Item.x", "is in neither of the two namespaces, 'item' and 'sample'"),
        ("{{ item. }}", "item.", "is no path"),
        ("{{ sample[-1] }}", "sample[-1]", "is no path"),
    ],
)
def test_a_template_that_no_row_can_fill_is_refused(text: str, named: str, problem: str) -> None:
    error = refused(check(text), OPEN)

    assert error.param == "grader.reference"
    assert error.message == (
        f"The template in 'grader.reference' names '{named}', which {problem}."
    )


def closed(**properties: JsonValue) -> dict[str, JsonValue]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


POSSIBLE: list[tuple[str, JsonValue]] = [
    ("item.a", closed(a={})),
    ("item", closed()),
    ("item.a.b.c", closed(a={})),  # text may hold JSON, and templates walk into it
    ("item.a.b", closed(a={"type": "string"})),
    ("item.a.b", closed(a={"properties": {}, "additionalProperties": False})),
    ("item.a.b", closed(a={"$ref": "#/$defs/a"})),
    ("item.b", {"properties": {"a": {}}}),
    ("item.b", {"properties": {"a": {}}, "additionalProperties": {"type": "string"}}),
    ("item.b", {**closed(a={}), "patternProperties": {"^b": {}}}),
    ("item.b", {**closed(a={}), "$ref": "#/$defs/a"}),
    ("item[0]", closed(**{"0": {}})),
    ("item.b", {}),
    ("item.b", True),
    ("item.a.b", closed(a=True)),
    ("item.a.b", closed(a={"type": ["object", "string"], "additionalProperties": False})),
]


@pytest.mark.parametrize(("path", "item_schema"), POSSIBLE)
def test_a_variable_that_an_item_may_have_is_accepted(path: str, item_schema: JsonValue) -> None:
    refuse_hopeless_grader(check(f"{{{{ {path} }}}}"), item_schema, param="grader")


IMPOSSIBLE: list[tuple[str, JsonValue, str]] = [
    ("item.b", closed(a={}), "b"),
    ("item.b.c", closed(a={}), "b"),
    ("item.a.c", closed(a=closed(b={})), "c"),
    ("item[0]", closed(a={}), "0"),
    ("item['a b']", closed(a={}), "a b"),
    ("item.b", {"additionalProperties": False}, "b"),
]


@pytest.mark.parametrize(("path", "item_schema", "lacking"), IMPOSSIBLE)
def test_a_variable_that_no_item_can_have_is_refused(
    path: str, item_schema: JsonValue, lacking: str
) -> None:
    error = refused(check(f"{{{{ {path} }}}}"), item_schema)

    assert error.message == (
        f"The template in 'grader.reference' names '{path}', which no row can have: "
        f"the item_schema allows no property '{lacking}'."
    )


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("{{ foo.x }}", "content"),
        ({"type": "input_text", "text": "{{ foo.x }}"}, "content"),
        (["fine", "{{ foo.x }}"], "content[1].text"),
        ([{"type": "input_image", "image_url": "{{ foo.x }}"}], "content[0].image_url"),
        (
            [{"type": "input_audio", "input_audio": {"data": "{{ foo.x }}", "format": "mp3"}}],
            "content[0].input_audio.data",
        ),
    ],
)
def test_templates_in_messages_are_found_where_they_stand(content: JsonValue, place: str) -> None:
    assert refused(score_model(content), {}).param == f"grader.input[0].{place}"


@pytest.mark.parametrize("threshold", [None, 0.0, 0.5, 1.0])
def test_a_threshold_among_the_scores_is_accepted(threshold: float | None) -> None:
    refuse_hopeless_grader(similarity(threshold), {}, param="grader")


@pytest.mark.parametrize("threshold", [-0.1, 1.1, 80.0])
def test_a_threshold_outside_of_the_scores_is_refused(threshold: float) -> None:
    error = refused(similarity(threshold), {})

    assert error.param == "grader.pass_threshold"
    assert error.message == (
        f"The threshold of grader 'Tone' is {threshold:g}, and its scores are from 0 to 1: "
        "every row would come to the same verdict."
    )


@pytest.mark.parametrize(
    ("range", "threshold", "accepted"),
    [
        (None, 1.0, True),
        (None, 5.0, False),
        ([1.0, 7.0], 5.0, True),
        ([1.0, 7.0], 7.0, True),
        ([1.0, 7.0], 0.5, False),
        ([1.0, 7.0], 7.5, False),
        ([1.0, 7.0], None, True),
    ],
)
def test_the_threshold_of_a_score_model_is_on_its_range(
    range: JsonValue, threshold: float | None, accepted: bool
) -> None:
    grader = score_model("x", range=range, pass_threshold=threshold)

    if accepted:
        refuse_hopeless_grader(grader, {}, param="grader")
    else:
        assert refused(grader, {}).param == "grader.pass_threshold"


def test_graders_inside_of_a_multi_are_looked_at_too() -> None:
    inner = check("{{ foo.x }}").model_dump()
    fields = {"type": "multi", "name": "Both", "calculate_output": "a", "graders": {"a": inner}}
    grader = ADAPTER.validate_python(fields)

    with pytest.raises(InvalidValue) as caught:
        refuse_hopeless([check("fine"), grader], {})

    assert caught.value.param == "testing_criteria[1].graders.a.reference"


def test_code_is_not_looked_into() -> None:
    fields = {"type": "python", "name": "Tone", "source": "'{{ foo.x }}'"}

    refuse_hopeless([ADAPTER.validate_python(fields)], {})
