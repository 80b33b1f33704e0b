"""How output items lie in a SQLite file. Ours."""

import sqlite3
from contextlib import closing
from pathlib import Path

from evald.domain.exact_json import dump
from tests.contract.kept import keep_items, keep_run, new_item
from tests.support.new_store import open_new_store

TEXT = "Somebody will come today and see to it; until then take the one on the second floor. " * 8


async def test_a_text_that_item_and_sample_share_lies_there_once(tmp_path: Path) -> None:
    path = tmp_path / "evald.sqlite3"
    store = await open_new_store(path)
    run = await keep_run(store)
    item, sample = dump({"prompt": TEXT}), dump({"input": [{"role": "user", "content": TEXT}]})
    await keep_items(store, run.id, [new_item(0, item_json=item, sample_json=sample)])
    await store.close()

    with closing(sqlite3.connect(path)) as connection:
        ((kept_item, kept_sample),) = connection.execute("SELECT item, sample FROM output_items")

    assert kept_item == item
    assert len(kept_sample) < 100
