"""The examples of graders' pages, run as their readers run them."""

import re
from pathlib import Path

import pytest

from tests.house.documents import REFERENCE, text_of
from tests.support.running_server import RunningServer

PAGES = [
    REFERENCE / "graders" / f"{name}.md"
    for name in ("string_check", "label_model", "score_model", "multi")
]
RUN = re.compile(r"^```python\n(.*?)^```$\s*^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_example_prints_what_its_page_says(
    page: Path,
    server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-anything")
    ((example, printed),) = RUN.findall(text_of(page))

    exec(compile(example, page.name, "exec"), {})

    assert capsys.readouterr().out == printed
