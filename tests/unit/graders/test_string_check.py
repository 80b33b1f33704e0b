"""What `string_check` holds to be true.

Operations and direction are documented ("Graders" guide); case folding, whitespace and Unicode are
ours, as nothing is documented.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain.exact_json import parse
from evald.domain.template import UnknownVariable, Variables
from evald.graders.grade import FAIL, PASS, Grade
from evald.graders.string_check import grade_string_check
from evald.wire.graders import StringCheckGrader, StringOperation


def check(operation: StringOperation, output: str, reference: str) -> Grade:
    return grade_string_check(
        a_grader(operation=operation),
        Variables(item={"answer": reference}, sample={"output_text": output}),
    )


def a_grader(
    operation: StringOperation = "eq",
    given: str = "{{ sample.output_text }}",
    reference: str = "{{ item.answer }}",
) -> StringCheckGrader:
    return StringCheckGrader(
        type="string_check", name="check", input=given, reference=reference, operation=operation
    )


@pytest.mark.parametrize(
    ("operation", "output", "reference", "grade"),
    [
        ("eq", "Paris", "Paris", PASS),
        ("eq", "Paris ", "Paris", FAIL),  # whitespace counts
        ("eq", "paris", "Paris", FAIL),  # case counts
        ("eq", "", "", PASS),
        ("eq", "é", "e\N{COMBINING ACUTE ACCENT}", FAIL),  # code points are compared
        ("ne", "Paris", "Lyon", PASS),
        ("ne", "Paris", "Paris", FAIL),
        ("ne", "paris", "Paris", PASS),
        ("like", "It is Paris.", "Paris", PASS),  # the input contains the reference
        ("like", "Paris", "It is Paris.", FAIL),  # and not the other way round
        ("like", "It is paris.", "Paris", FAIL),
        ("like", "anything", "", PASS),  # every text contains the empty one
        ("like", "Paris", "P%s", FAIL),  # no wildcards
        ("like", "Paris", "P*s", FAIL),
        ("ilike", "It is PARIS.", "paris", PASS),
        ("ilike", "Hauptstraße", "STRASSE", PASS),
        ("ilike", "ΑΣΑ", "ΑΣ", PASS),  # lower() would write the reference's sigma as a final one
        ("ilike", "Lyon", "paris", FAIL),
        ("ilike", "", "x", FAIL),
    ],
)
def test_verdict(operation: StringOperation, output: str, reference: str, grade: Grade) -> None:
    assert check(operation, output, reference) == grade


@given(st.text(), st.text())
def test_ne_is_the_opposite_of_eq(output: str, reference: str) -> None:
    assert check("eq", output, reference).passed is not check("ne", output, reference).passed


@given(st.text(), st.text(), st.text())
@example("", "ΑΣ", "Α")
def test_what_holds_under_like_holds_under_ilike(before: str, reference: str, after: str) -> None:
    output = before + reference + after

    assert check("like", output, reference) == PASS
    assert check("ilike", output, reference) == PASS


@pytest.mark.parametrize(("number", "text"), [("15", "15"), ("15.0", "15.0"), ("0.10", "0.10")])
def test_a_number_is_compared_as_it_was_written(number: str, text: str) -> None:
    item = parse(f'{{"answer": {number}}}')
    variables = Variables(item=item, sample={"output_text": text})

    assert grade_string_check(a_grader(), variables) == PASS


def test_templates_may_stand_within_text() -> None:
    grader = a_grader(given="A: {{sample.output_text}}!", reference="A: {{ item.answer }}!")
    variables = Variables(item={"answer": "4"}, sample={"output_text": "4"})

    assert grade_string_check(grader, variables) == PASS


def test_what_an_answer_says_is_no_template() -> None:
    assert check("eq", "{{ item.answer }}", "4") == FAIL


def test_tool_calls_are_walked_into_though_their_arguments_are_text() -> None:
    """Observed 2025: a path into the arguments of a tool call was accepted."""
    call: JsonValue = {"function": {"name": "quote", "arguments": '{"symbols": ["ACME"]}'}}
    grader = a_grader(
        given="{{sample.output_tools[0].function.arguments.symbols}}", reference='["ACME"]'
    )
    variables = Variables(item={}, sample={"output_tools": [call]})

    assert grade_string_check(grader, variables) == PASS


def test_a_null_is_a_value() -> None:
    variables = Variables(item={"answer": None}, sample={"output_text": "null"})

    assert grade_string_check(a_grader(), variables) == PASS


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        (Variables(item={}, sample={"output_text": "x"}), "item.answer"),
        (Variables(item={"answer": "x"}), "sample.output_text"),
    ],
)
def test_a_variable_that_is_not_there_is_named(variables: Variables, name: str) -> None:
    with pytest.raises(UnknownVariable) as caught:
        grade_string_check(a_grader(), variables)

    assert caught.value.name == name
