"""Runs over CSV files, as Azure documents them; what stands in a cell is ours."""

import openai
import pytest

from tests.wire.bodies import an_eval, custom, string_check
from tests.wire.runs import ended, new_eval, new_run

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "n": {"type": "integer", "maximum": 9}},
    "required": ["answer", "n"],
}
CHECK = string_check(input="{{ item.answer }}", reference="Bern")


def a_csv(client: openai.OpenAI, text: bytes) -> dict[str, object]:
    file = client.files.create(file=("rows.csv", text), purpose="evals")
    return {"type": "csv", "source": {"type": "file_id", "id": file.id}}


def test_each_line_of_a_csv_file_is_graded(client: openai.OpenAI) -> None:
    eval_id = new_eval(client, an_eval(CHECK, data_source_config=custom(SCHEMA)))
    source = a_csv(client, b'answer,n\nBern,1\n"Zug, or\nZurich",2\n')

    run = ended(client, eval_id, new_run(client, eval_id, source))
    items = client.evals.runs.output_items.list(run.id, eval_id=eval_id).data

    assert run.data_source.model_dump()["type"] == "csv"
    assert (run.result_counts.passed, run.result_counts.failed) == (1, 1)
    assert [each.datasource_item for each in items] == [
        {"answer": "Bern", "n": 1},
        {"answer": "Zug, or\nZurich", "n": 2},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"answer,n\nBern,10\n", "Line 2 of the file at /item/n"),
        (b"answer,n\nBern\n", "Line 2 has 1 cells"),
        (b"", "is empty"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(
    client: openai.OpenAI, text: bytes, words: str
) -> None:
    eval_id = new_eval(client, an_eval(CHECK, data_source_config=custom(SCHEMA)))

    with pytest.raises(openai.BadRequestError, match=words) as refused:
        new_run(client, eval_id, a_csv(client, text or b"\n"))

    assert refused.value.code == "invalid_data_source"
    assert refused.value.param == "data_source.source.id"
