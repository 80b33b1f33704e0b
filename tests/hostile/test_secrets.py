"""Where keys, prompts and outputs must not get to: log, metrics, others' answers, the database.

Rests on: ours (SECURITY.md). One story is told with words that occur nowhere else; then every place
is searched for them.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import httpx2
import pytest

from evald.cli.main import main
from tests.hostile.telling_provider import WAYS, telling_provider
from tests.support.raw_client import Ask, Connection
from tests.support.running_server import RunningServer, running_server
from tests.wire.bodies import completions, free_eval, in_file, inline, jsonl, row, string_check

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

STATIC_KEY = "sk-own-STATICKEYzq7w8e9r0t1y2u3i4o5p"
UPSTREAM_KEY = "sk-up-UPSTREAMKEYma1s2d3f4g5h6j7k8l9"
SECOND_KEY = "sk-two-SECONDKEYpo9i8u7y6t5r4e3w2q1"
WRONG_KEY = "sk-bad-WRONGKEYxx0c9v8b7n6m5l4k3j2h1"
PROMPT, OUTPUT, EXPECTED = "markedPROMPTqk", "markedOUTPUTqk", "markedEXPECTEDqk"
META, CONTENT, SOURCE = "markedMETAqk", "markedCONTENTqk", "markedSOURCEqk"
FILENAME, SAMPLE, BAD = "markedFILENAMEqk", "markedSAMPLEqk", "markedBADqk"
LOGGED, HOOK = "markedLOGGEDqk", "markedHOOKqk"
OF_CALLERS = [
    PROMPT,
    OUTPUT,
    EXPECTED,
    META,
    CONTENT,
    SOURCE,
    FILENAME,
    SAMPLE,
    BAD,
    LOGGED,
    HOOK,
]
GRADERS = "/v1/fine_tuning/alpha/graders"
SOURCES = [
    f"def grade(sample, item):\n    raise ValueError('{SOURCE}' + str(item) + str(sample))",
    f"import sys\ndef grade(sample, item):\n    print('{SOURCE}', item, sample, file=sys.stderr)",
    f"raise RuntimeError('{SOURCE}')",
    f"import os\ndef grade(sample, item):\n    os.write(2, b'{SOURCE}'); os._exit(3)",
    f"syntax error {SOURCE}",
]


@dataclass(frozen=True)
class Told:
    """What is left of the story: the server, ended; the keys; every answer that was given."""

    server: RunningServer
    stored_key: str
    answers: list[httpx2.Response]
    hook_secrets: list[str]

    @property
    def log(self) -> str:
        return self.server.log.read_text()

    def kept(self) -> Iterator[tuple[Path, bytes]]:
        """Every file below the data folder, of either database and blobs."""
        for path in self.server.folder.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()


@pytest.fixture(scope="module", params=["text", "json"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The story, with a log that says all it ever says."""
    folder = tmp_path_factory.mktemp("secrets")
    stored_key = created_key(folder / "data")
    with telling_provider(OUTPUT) as url:
        (folder / "evald.toml").write_text(
            f'[[providers]]\nname = "telling"\nbase_url = "{url}"\nmodels = ["tell-*"]\n'
            'api_key_env = "SECOND_KEY"\n'
        )
        with running_server(
            folder / "data",
            EVALD_API_KEY=STATIC_KEY,
            EVALD_UPSTREAM_BASE_URL=url,
            EVALD_UPSTREAM_API_KEY=UPSTREAM_KEY,
            SECOND_KEY=SECOND_KEY,
            EVALD_MAX_ATTEMPTS="2",
            EVALD_LOG_LEVEL="debug",
            EVALD_LOG_FORMAT=request.param,
            EVALD_WEBHOOK_ALLOW_PRIVATE="true",
        ) as server:
            story = Story(server, stored_key)
            story.tell()
            server.stop()
    return Told(server, stored_key, story.answers, story.hook_secrets)


def created_key(folder: Path) -> str:
    with redirect_stdout(StringIO()) as said:
        assert main(["keys", "--data-dir", str(folder), "create"]) == 0
    return said.getvalue().strip()


class Story:
    """Evals, runs, grader runs, calls, logs, webhooks, files and pages, most of which go wrong."""

    def __init__(self, server: RunningServer, key: str) -> None:
        self.server = server
        self.answers: list[httpx2.Response] = []
        self.hook_secrets: list[str] = []
        headers = {"authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=server.url, headers=headers, timeout=30)

    def tell(self) -> None:
        with self._http:
            self._strangers()
            self._webhooks()
            self._runs()
            self._gateway()
            self._logs()
            self._grader_runs()
            self._uploads()
            self._refusals()
            self._pages()

    def _strangers(self) -> None:
        for key in (WRONG_KEY, STATIC_KEY + "x", STATIC_KEY):
            headers = {"authorization": f"Bearer {key}", "api-key": key}
            self._ask("GET", "/v1/evals", headers=headers)
            self._ask("POST", "/sign-in", data={"key": key, "next": "/"})
            self._ask("GET", f"/v1/evals?key={key}", headers=headers)

    def _runs(self) -> None:
        graders: list[Any] = [
            string_check(reference=EXPECTED),
            *[
                {"type": "python", "name": f"p{n}", "source": text}
                for n, text in enumerate(SOURCES)
            ],
            *[scored(f"tell-{way}") for way in ("401", "html", "list")],
            scored("gpt-any"),
            {**similar("cosine"), "pass_threshold": 0.5},
        ]
        eval_id = self._made("/v1/evals", {**free_eval(*graders), "metadata": {META: META}})
        runs = []
        for model in ["gpt-any", *[f"tell-{way}" for way in WAYS]]:
            content = inline([row(PROMPT, EXPECTED)])
            source = completions(content, model=model)
            body = {"data_source": source, "name": PROMPT, "metadata": {META: META}}
            runs.append(self._made(f"/v1/evals/{eval_id}/runs", body))
        for run_id in runs:
            path = f"/v1/evals/{eval_id}/runs/{run_id}"
            self._wait(path)
            self._ask("GET", f"{path}/output_items")
            self._ask("GET", f"/evaluations/{eval_id}?run_id={run_id}")
            self._ask("GET", f"/v1/evald/runs/{run_id}/events")
        self._ask("DELETE", f"/v1/evals/{eval_id}/runs/{runs[0]}")

    def _grader_runs(self) -> None:
        graders = [python(source) for source in SOURCES]
        graders += [scored(f"tell-{way}") for way in WAYS]
        graders += [similar("cosine"), similar("bleu"), string_check(input="{{ item.nothing }}")]
        for grader in graders:
            body = {"grader": grader, "model_sample": SAMPLE, "item": {"prompt": PROMPT}}
            self._ask("POST", f"{GRADERS}/run", json=body)

    def _webhooks(self) -> None:
        """Nobody listens there, so that each delivery fails and is tried again."""
        url = f"http://127.0.0.1:9/{HOOK}?{HOOK}={HOOK}"
        made = self._ask("POST", "/v1/evald/webhooks", json={"url": url})
        self.answers.remove(made)  # which shows the secret, this once
        self.hook_secrets.append(made.json()["secret"])
        self._ask("POST", "/v1/evald/webhooks", json={"url": f"ftp://{HOOK}"})
        self._ask("GET", "/v1/evald/webhooks")
        self._ask("GET", f"/v1/evald/webhooks/{made.json()['id']}/deliveries")

    def _gateway(self) -> None:
        """Every way to tell a key but in a success, which goes on as it came."""
        messages = [{"role": "user", "content": PROMPT}]
        ways = [way for way in WAYS if way not in ("list", "text")]
        for model in ["gpt-any", *[f"tell-{way}" for way in ways]]:
            asked = {"model": model, "metadata": {META: META}}
            for store in (True, False):
                body = {**asked, "messages": messages, "store": store}
                self._ask("POST", "/v1/chat/completions", json=body)
                self._ask("POST", "/v1/chat/completions", json={**body, "stream": True})
            self._ask("POST", "/v1/responses", json={**asked, "input": PROMPT})
            self._ask("POST", "/v1/embeddings", json={"model": model, "input": PROMPT})
        self._ask("POST", "/v1/chat/completions", json={"model": "gpt-any", "messages": BAD})
        self._ask("POST", "/v1/chat/completions", content=f'{{"model": "{BAD}'.encode())
        self._ask("GET", "/v1/chat/completions", params={f"metadata[{META}]": META})
        self._ask("GET", f"/v1/chat/completions/{BAD}")

    def _logs(self) -> None:
        request = {"model": "m", "messages": [{"role": "user", "content": LOGGED}]}
        answer = {
            "id": LOGGED,
            "object": "chat.completion",
            "created": 1_750_000_000,
            "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": LOGGED}}],
        }
        pair = json.dumps({"request": request, "response": answer})
        other = pair.replace('"m"', '"other"')
        headers = {"content-type": "application/jsonl"}
        for lines in (pair, other, pair[:-9], f'{{"{BAD}": "{LOGGED}"}}', LOGGED):
            self._ask("POST", "/v1/evald/logs", content=lines.encode(), headers=headers)

    def _uploads(self) -> None:
        line = json.dumps({"item": {"prompt": CONTENT}}).encode()
        for content in (line, line[:-3], CONTENT.encode(), b"PK\x03\x04" + CONTENT.encode()):
            form = {"file": (f"{FILENAME}.jsonl", content), "purpose": (None, b"evals")}
            file_id = self._ask("POST", "/v1/files", files=form).json()["id"]
            eval_id = self._made("/v1/evals", free_eval())
            body = {"data_source": jsonl(in_file(file_id))}
            self._ask("POST", f"/v1/evals/{eval_id}/runs", json=body)
            self._ask("POST", "/v1/evald/imports", content=content)
        self._ask("POST", "/v1/files", files={"file": (FILENAME, line), "purpose": (None, b"x")})

    def _refusals(self) -> None:
        for body in (
            f'{{"name": "{BAD}"',
            f'{{"name": ["{BAD}"]}}',
            f'{{"metadata": {{"{BAD}": {{"{BAD}": 1}}}}}}',
            f'{{"testing_criteria": [{{"type": "{BAD}"}}]}}',
        ):
            headers = {"content-type": "application/json", "idempotency-key": BAD}
            self._ask("POST", "/v1/evals", content=body.encode(), headers=headers)
        self._ask("GET", f"/v1/evals/{BAD}")
        self._ask("GET", f"/v1/{BAD}?{BAD}={BAD}")
        garbage = Connection(self.server.port, [("authorization", f"Bearer {STATIC_KEY}".encode())])
        garbage.ask(Ask("GET", f"/v1/evals?{BAD}", ((f"{BAD} {BAD}", BAD.encode()),)))
        garbage.close()

    def _pages(self) -> None:
        for path in (
            "/",
            "/evaluations",
            "/v1/models",
            "/v1/models/gpt-any",
            "/openapi.json",
            "/metrics",
        ):
            self._ask("GET", path)

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        answer = self._http.request(method, path, **more)
        self.answers.append(answer)
        return answer

    def _made(self, path: str, body: Any) -> str:
        answer = self._ask("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def _wait(self, path: str) -> None:
        end = time.monotonic() + 60
        while self._ask("GET", path).json()["status"] in ("queued", "in_progress"):
            assert time.monotonic() < end
            threading.Event().wait(0.05)


def python(source: str) -> Any:
    return {"type": "python", "name": "p", "source": source}


def scored(model: str) -> Any:
    messages = [{"role": "user", "content": f"{PROMPT} {{{{ sample.output_text }}}}"}]
    return {"type": "score_model", "name": model, "model": model, "input": messages}


def similar(metric: str) -> Any:
    texts = {"input": f"{SAMPLE} {{{{ sample.output_text }}}}", "reference": EXPECTED}
    return {"type": "text_similarity", "name": metric, **texts, "evaluation_metric": metric}


def test_the_story_has_happened(told: Told) -> None:
    """So that nothing below passes because nothing was done."""
    statuses = {answer.status_code for answer in told.answers}
    told_all = "".join(answer.text for answer in told.answers)

    assert {200, 201, 400, 401, 404} <= statuses
    assert all(mark in told_all for mark in (PROMPT, OUTPUT, EXPECTED, META, SOURCE, FILENAME))
    assert "***" in told_all
    assert "run_completed" in told.log
    assert "delivery_attempted" in told.log
    assert "item_recorded" in told.log
    assert all("evald_tokens_total" in answer.text for answer in metrics_of(told))


@pytest.mark.parametrize("mark", OF_CALLERS)
def test_nothing_of_callers_is_in_the_log(told: Told, mark: str) -> None:
    assert [line for line in told.log.splitlines() if mark in line] == []


def metrics_of(told: Told) -> list[httpx2.Response]:
    found = [answer for answer in told.answers if answer.request.url.path == "/metrics"]
    assert found
    return found


@pytest.mark.parametrize("mark", [mark for mark in OF_CALLERS if mark != BAD])
def test_nothing_of_callers_is_in_the_metrics(told: Told, mark: str) -> None:
    assert [answer.text for answer in metrics_of(told) if mark in answer.text] == []


def test_the_secret_of_a_webhook_is_nowhere(told: Told) -> None:
    """It is shown once, and sealed in the database."""
    (secret,) = told.hook_secrets
    for piece in pieces(secret.removeprefix("whsec_")):
        assert piece not in told.log
        assert not [answer for answer in told.answers if piece in answer.text]
        assert not [path for path, content in told.kept() if piece.encode() in content]


def test_the_id_of_a_request_leads_to_its_run_and_the_run_to_its_items(told: Told) -> None:
    """One id threads request, run and item."""
    made = next(
        answer
        for answer in told.answers
        if answer.request.method == "POST"
        and answer.status_code == 201
        and "/runs" in answer.request.url.path
    )
    ids = [made.headers["x-request-id"], made.json()["id"]]

    (accepted,) = [
        line for line in told.log.splitlines() if "run_accepted" in line and ids[0] in line
    ]
    recorded = [
        line for line in told.log.splitlines() if "item_recorded" in line and ids[1] in line
    ]

    assert ids[1] in accepted
    assert recorded
    assert all("outputitem_" in line for line in recorded)


@pytest.mark.parametrize("key", [STATIC_KEY, UPSTREAM_KEY, SECOND_KEY, WRONG_KEY, "STORED"])
def test_no_key_is_in_the_log(told: Told, key: str) -> None:
    for piece in pieces(told.stored_key if key == "STORED" else key):
        assert piece not in told.log


@pytest.mark.parametrize("key", [STATIC_KEY, UPSTREAM_KEY, SECOND_KEY, "STORED"])
def test_no_answer_and_no_page_tells_a_key(told: Told, key: str) -> None:
    for answer in told.answers:
        said = answer.text + str(answer.headers)
        for piece in pieces(told.stored_key if key == "STORED" else key):
            assert piece not in said, (answer.request.url, said[:3_000])


@pytest.mark.parametrize("key", [STATIC_KEY, UPSTREAM_KEY, SECOND_KEY, WRONG_KEY, "STORED"])
def test_no_file_of_the_data_folder_has_a_key(told: Told, key: str) -> None:
    """Stored keys are hashed; the others are not kept at all."""
    for path, content in told.kept():
        for piece in pieces(told.stored_key if key == "STORED" else key):
            assert piece.encode() not in content, path


def pieces(key: str) -> list[str]:
    """Any twelve characters of a key in a row, for half a key is a key too."""
    return [key[at : at + 12] for at in range(len(key) - 11)]


def test_no_name_that_a_caller_gave_is_a_name_on_the_disk(told: Told) -> None:
    marks = [*OF_CALLERS, "jsonl"]

    assert not [path for path, _ in told.kept() if any(mark in path.name for mark in marks)]


def test_the_server_had_no_error_of_its_own(told: Told) -> None:
    assert " ERROR " not in told.log
    assert '"level":"error"' not in told.log
    assert "Traceback" not in told.log
