r"""A sample is kept without what its item says, and comes back letter by letter. Ours."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evald.adapters.sql.kept_samples import told_in_full, told_once
from evald.domain.exact_json import dump
from tests.support.examples import at_most

LONG = 'The printer on the "third" floor\\ is out again,\nand somebody must come: ü, 漢字. '
PLAIN = "Somebody will come today and see to it; until then take the one on the second floor."

# Texts that have what marks, quotes and escapes are made of, and that repeat themselves.
SPICED = st.text(st.sampled_from('\\/"01nu:,[]{} ü'), max_size=8)
TEXTS = st.lists(st.sampled_from([LONG, PLAIN]) | SPICED, max_size=6).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers(0, 10**70) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


@settings(at_most(30))
@given(VALUES, VALUES)
@example({"prompt": PLAIN}, {"input": PLAIN})
@example([PLAIN, f"/{PLAIN}"], PLAIN * 2)
def test_every_sample_comes_back_as_it_was(item: object, sample: object) -> None:
    item_text, text = dump(item), dump(sample)  # type: ignore[arg-type]

    assert told_in_full(told_once(text, item_text), item_text) == text


@settings(at_most(30))
@given(OBJECTS, VALUES)
@example({"a": [f"{PLAIN} \\"]}, [f"{PLAIN} \\"])
@example({"a": ["\\" * 40]}, [f"{PLAIN} \\"])
def test_what_is_kept_is_json_still(item: object, sample: object) -> None:
    json.loads(told_once(dump(sample), dump(item)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "sample", "kept"),
    [
        ({"prompt": PLAIN}, {"input": PLAIN}, r'{"input":"\/0\/"}'),
        ({"prompt": PLAIN}, [f"Say: {PLAIN}", PLAIN], rf'["Say: \/0\/","{PLAIN}"]'),
        ({"a": PLAIN, "b": PLAIN}, [PLAIN, PLAIN], r'["\/0\/","\/1\/"]'),
        ({"short": "printer"}, ["printer"], '["printer"]'),
        ({"numbers": [10**70, 1]}, [10**70, 1], f"[{10**70},1]"),
    ],
)
def test_a_long_text_of_the_item_is_kept_once(item: object, sample: object, kept: str) -> None:
    assert told_once(dump(sample), dump(item)) == kept  # type: ignore[arg-type]


def test_of_very_many_texts_the_first_are_sought() -> None:
    texts = [f"{number}: {PLAIN}" for number in range(100)]

    kept = told_once(dump(texts), dump(texts))  # type: ignore[arg-type]

    assert kept.count(PLAIN) == 92
    assert told_in_full(kept, dump(texts)) == dump(texts)  # type: ignore[arg-type]


def test_what_a_former_version_kept_is_read_as_it_is() -> None:
    kept = dump({"input": PLAIN, "seed": None})

    assert told_in_full(kept, dump({"prompt": PLAIN})) == kept
