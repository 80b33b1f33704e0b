"""Templates: what is a placeholder, where a path leads, and what goes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.template import UnknownVariable, Variables, fill, fill_all, parse_path

ITEM = exact_json.parse(
    '{"text": "héllo", "n": 15, "x": 15.0, "big": 123456789012345678901234567890, "none": null,'
    ' "yes": true, "list": [1, {"a": "b"}], "a b": {"c.d": "quoted"}, "7": "seven",'
    ' "packed": "{\\"in\\": [1.50, 2]}", "broken": "{oops", "hostile": "{{ item.text }}"}'
)
SAMPLE = exact_json.parse(
    '{"output_text": "Paris", "output_tools": [{"function": {"arguments": "{\\"s\\": \\"AC\\"}"}}]}'
)
VARIABLES = Variables(ITEM, SAMPLE)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{item.text}}", "héllo"),
        ("{{ item.text }}", "héllo"),  # observed: both spellings
        ("{{\titem . text\n}}", "héllo"),
        ("<{{item.text}}|{{sample.output_text}}>", "<héllo|Paris>"),
        ("{{item.n}} {{item.x}}", "15 15.0"),  # numbers as given
        ("{{item.big}}", "123456789012345678901234567890"),
        ("{{item.none}} {{item.yes}}", "null true"),  # a null is a value
        ("{{item.list}}", '[1,{"a":"b"}]'),
        ("{{item.list[1].a}}", "b"),
        ("{{item.list.1.a}}", "b"),  # ours: a dotted index
        ('{{item["a b"]["c.d"]}}', "quoted"),
        ("{{item['a b']['c.d']}}", "quoted"),
        ("{{item.7}}", "seven"),
        ("{{item.packed.in[0]}}", "1.50"),  # observed: strings of JSON are walked into
        ("{{item.packed}}", '{"in": [1.50, 2]}'),  # and rendered as they are
        ("{{sample.output_tools[0].function.arguments.s}}", "AC"),
        ("{{item.hostile}}", "{{ item.text }}"),  # one pass: never looked at again
        ("{{sample.output_text}", "{{sample.output_text}"),  # observed: accepted as text
        ("{{ {{item.n}} }}", "{{ 15 }}"),
        ('{{"label": 1}}', '{{"label": 1}}'),
        ("{{}} { } }}{{", "{{}} { } }}{{"),
        ("{% raw %}{# no #}", "{% raw %}{# no #}"),  # not Jinja
        ("", ""),
    ],
)
def test_a_template_is_filled(template: str, filled: str) -> None:
    assert fill(template, VARIABLES) == filled


@pytest.mark.parametrize(
    "name",
    [
        "item.absent",
        "item.text.deeper",
        "item.list[2]",
        "item.list[99999]",
        "item.list.a",
        "item.none.x",
        "item.broken.x",
        "sample.nothing",
        "customer.name",  # another namespace
        "item.items",  # a method name of dict is no key
        "item.__class__",
        "item[",
        "item..text",
        "item.list[-1]",
    ],
)
def test_a_path_that_leads_nowhere_is_named(name: str) -> None:
    with pytest.raises(UnknownVariable) as caught:
        fill("a {{ " + name + " }} b", VARIABLES)

    assert caught.value.name == name


def test_the_sample_is_not_there_before_it_is_made() -> None:
    with pytest.raises(UnknownVariable):
        fill("{{sample.output_text}}", Variables(ITEM))


def test_a_path_has_a_step_for_each_key_and_index() -> None:
    assert parse_path(" item.a[0]['b c'].d ") == ("item", "a", 0, "b c", "d")


@given(st.text())
def test_text_without_double_braces_stays(text: str) -> None:
    plain = text.replace("{{", "{")

    assert fill(plain, VARIABLES) == plain


@given(st.text())
def test_what_an_item_says_is_never_a_template(text: str) -> None:
    assert fill("{{item.t}}", Variables({"t": text}, {"t": "secret"})) == text


def test_a_million_open_braces_are_read_at_once() -> None:
    assert fill("{{" * 500_000, VARIABLES) == "{{" * 500_000


def test_every_text_of_a_value_is_filled_and_nothing_else() -> None:
    value: JsonValue = {
        "{{item.text}}": ["{{item.n}}", {"a": "{{sample.output_text}}"}, 1, None, True]
    }

    assert fill_all(value, VARIABLES) == {"{{item.text}}": ["15", {"a": "Paris"}, 1, None, True]}
