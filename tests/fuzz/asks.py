"""Requests of every operation: with paths to what is there or is not, odd queries, odd bodies."""

import io
import zipfile
from collections.abc import Mapping
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from evald.http.app import OPERATIONS
from evald.http.operation import Operation
from tests.fuzz.campaign import Campaign
from tests.fuzz.good_bodies import GOOD, LOGS
from tests.fuzz.odd import NO_JSON, TEXT, json_bytes, mutated
from tests.fuzz.wire_values import wire_values
from tests.support.raw_client import Ask, Header

BY_ID = {operation.id: operation for operation in OPERATIONS}
IDS = (
    "eval_id",
    "run_id",
    "output_item_id",
    "file_id",
    "import_id",
    "completion_id",
    "model_id",
    "response_id",
    "webhook_id",
)
_LISTED = {
    "listFiles": "file_id",
    "getEvalRuns": "run_id",
    "listResponses": "response_id",
    "listChatCompletions": "completion_id",
}
_WORDS = {
    "limit": ["1", "2", "100", "0", "-1", "9" * 400, "1e3", "٥", "", " 1"],
    "order": ["asc", "desc", "ASC", ""],
    "order_by": ["created_at", "updated_at", "id"],
    "status": ["queued", "completed", "canceled", "pass", "fail", "failed", "error", "x"],
    "purpose": ["evals", "user_data", "x"],
    "stream": ["true", "false", "1"],
    "created_after": ["0", "1700000000", "-1", "9" * 400, "x"],
    "created_before": ["0", "4000000000", "1e3", ""],
    "model": ["mock-model", "x", "", "%00"],
    "metadata[a]": ["b", "", "%00"],
    "first_day": ["2026-01-01", "0001-01-01", "x", ""],
    "last_day": ["9999-12-31", "2026-13-01", "%00"],
    "dry_run": ["true", "false", "1", "perhaps"],
    "by": ["item.prompt", "item", "sample.output_text", "", "item..x"],
    "change": ["regressed", "improved", "new", "x"],
    "cluster_by": ["item.prompt", "sample.output_text", "item"],
    "criterion": ["s", "grader-0", ""],
    "level": ["0.95", "0.99", "1", "nan"],
    "max_score": ["1", "inf", "-1e9", "nan"],
    "min_score": ["0", "-inf", "x"],
    "outcome": ["passed", "failed", "errored", "x"],
    "regex": ["a", "(a+)+$", "(", "^.*(a|b)*c"],
    "sort": ["row", "score"],
    "text": ["a", "", "%00"],
    "where": ['item.prompt = "a"', "item.prompt ~ a", "item.x > 1", "= ="],
}
_REQUIRED = {"compareRuns": "runs", "listChanges": "runs", "groupOutputItems": "by"}
_HEADER_BYTES = st.binary(max_size=30).map(
    lambda raw: bytes(each for each in raw if each >= 32 and each != 127).strip() or b"x"
)
_ODD_NAMES = [
    "idempotency-key",
    "content-type",
    "accept",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
    "range",
    "openai-organization",
    "cookie",
    "api-key",
    "if-none-match",
]
_HEADERS: st.SearchStrategy[list[Header]] = st.lists(
    st.tuples(st.sampled_from(_ODD_NAMES), _HEADER_BYTES), max_size=2
)


@st.composite
def asks(draw: st.DrawFn, operation: Operation, campaign: Campaign) -> tuple[Ask, bool]:
    """A request, and whether its path is plainly that of the operation."""
    path, is_plain = draw(_paths(operation, campaign))
    target = path + draw(_queries(operation, campaign))
    headers, body = draw(_bodies(operation))
    given = {name for name, _ in headers}
    odd = [each for each in draw(_HEADERS) if each[0] not in given]
    return Ask(operation.method, target, (*headers, *odd), body), is_plain


@st.composite
def _paths(draw: st.DrawFn, operation: Operation, campaign: Campaign) -> tuple[str, bool]:
    number = draw(st.integers(0, 10_000))
    eval_id, run_id, item_id = campaign.place(number)
    there = {"eval_id": eval_id, "run_id": run_id, "output_item_id": item_id}
    if operation.path.endswith("{eval_id}/runs") or "{run_id}" not in operation.path:
        there["eval_id"] = campaign.pick("eval_id", number)
    path, is_plain = operation.path.replace(":path", ""), True
    for name in IDS:
        if f"{{{name}}}" not in path:
            continue
        own = there.get(name) or campaign.pick(name, number)
        is_odd = draw(st.integers(0, 5)) == 5
        is_plain = is_plain and not is_odd
        text = _escaped(draw(TEXT)) if is_odd else own
        path = path.replace(f"{{{name}}}", text)
    return path, is_plain


def _escaped(text: str) -> str:
    """The text as a path has it; half characters as the bytes that would be theirs."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")[:8_000]


@st.composite
def _queries(draw: st.DrawFn, operation: Operation, campaign: Campaign) -> str:
    names = [*(operation.query.model_fields if operation.query else ()), "api-version"]
    if operation.id == "listChatCompletions":
        names.append("metadata[a]")
    if operation.id in ("createImport", "importLogs"):
        names.append("dry_run")
    asked = draw(st.lists(st.sampled_from(names), max_size=3))
    if operation.id in _REQUIRED and draw(st.integers(0, 5)) < 5:
        asked = [_REQUIRED[operation.id], *asked]
    pairs = []
    for name in asked:
        known = st.sampled_from(_WORDS.get(name, ["preview"]))
        if name in ("runs", "candidate"):
            known = _several_runs(campaign) if name == "runs" else _a_run(campaign)
        if name == "after":
            kind = _LISTED.get(operation.id, "eval_id")
            known = st.just(campaign.pick(kind, draw(st.integers(0, 100))))
        pairs.append(f"{name}={_escaped(draw(known | known | TEXT))}")
    return "?" + "&".join(pairs) if pairs else ""


def _a_run(campaign: Campaign) -> st.SearchStrategy[str]:
    return st.integers(0, 4).map(lambda number: campaign.pick("run_id", number))


def _several_runs(campaign: Campaign) -> st.SearchStrategy[str]:
    return st.lists(_a_run(campaign), min_size=2, max_size=3).map(",".join)


@st.composite
def _bodies(draw: st.DrawFn, operation: Operation) -> tuple[list[Header], bytes]:
    if operation.id == "createFile":
        return draw(_forms())
    if operation.id == "createImport":
        return [("content-type", b"application/zip")], draw(_archives())
    if operation.id == "importLogs":
        return [("content-type", b"application/jsonl")], draw(_log_lines())
    if operation.takes is None:
        return [], draw(st.sampled_from([b"", b"", b"", b"{}", b"\xff"]))
    good = GOOD.get(operation.id, [{}])
    match draw(st.integers(0, 19)):
        case 0:
            body = draw(NO_JSON)
        case 1 | 2 | 3 | 4 | 5 | 6:
            body = json_bytes(draw(st.sampled_from(good)))
        case 7 | 8 | 9 | 10:
            body = json_bytes(mutated(draw, draw(st.sampled_from(good))))
        case _:
            body = json_bytes(draw(wire_values(operation.takes)))
    is_json = draw(st.integers(0, 19)) > 0
    return [("content-type", b"application/json" if is_json else b"text/plain")], body


@st.composite
def _forms(draw: st.DrawFn) -> tuple[list[Header], bytes]:
    parts = [("file", draw(_contents())), ("purpose", draw(_purposes()))]
    parts += draw(st.lists(st.tuples(TEXT, st.binary(max_size=9)), max_size=2))
    if draw(st.booleans()):
        parts += [("expires_after[anchor]", b"created_at")]
        parts += [("expires_after[seconds]", draw(st.sampled_from([b"3600", b"-1", b"9" * 99])))]
    boundary = draw(st.sampled_from([b"b", b"-----x", b"'"]))
    body = b"".join(
        b"--" + boundary + b"\r\n" + _disposition(name, draw(TEXT)) + b"\r\n\r\n" + value + b"\r\n"
        for name, value in draw(st.permutations(parts))
    )
    end = draw(st.sampled_from([b"--" + boundary + b"--\r\n"] * 4 + [b"", b"--" + boundary]))
    return [("content-type", b"multipart/form-data; boundary=" + boundary)], body + end


def _disposition(name: str, filename: str) -> bytes:
    shown = name.replace('"', "").replace("\n", "").replace("\r", "")
    line = f'Content-Disposition: form-data; name="{shown}"'
    if name == "file":
        plain = filename.replace("\r", "").replace("\n", "")
        line += f"; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, errors='replace')}"
    return line.encode("utf-8", "surrogatepass")


def _contents() -> st.SearchStrategy[bytes]:
    row = b'{"item":{"prompt":"a","expected":"a"},"sample":{"output_text":"a"}}\n'
    return st.sampled_from([row, row * 3, b"", b"prompt,expected\na,b\n"]) | st.binary(max_size=99)


def _purposes() -> st.SearchStrategy[bytes]:
    return st.sampled_from([b"evals"] * 5 + [b"user_data", b"batch", b"", b"\xff", b"x"])


@st.composite
def _log_lines(draw: st.DrawFn) -> bytes:
    """Logs with something wrong about most of them, and lines that are none."""
    lines = []
    for _ in range(draw(st.integers(0, 4))):
        good = draw(st.sampled_from(LOGS))
        odd = json_bytes(mutated(draw, good)) if draw(st.booleans()) else json_bytes(good)
        lines.append(draw(st.sampled_from([odd, odd, odd[: len(odd) // 2], b"{", b"[", b""])))
    return b"\n".join([*lines, draw(NO_JSON | st.just(b""))])


@st.composite
def _archives(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(["bytes", "empty", "odd", "odd", "cut"]))
    if kind == "bytes":
        return draw(st.binary(max_size=99))
    names = ["evald-archive.json", "manifest.json", "evals.jsonl", "../evil", "/abs", "a\\b", "x/"]
    members: Mapping[str, bytes] = draw(
        st.dictionaries(
            st.sampled_from(names),
            st.binary(max_size=40) | st.just(b'{"object":"eval","id":"eval_x"}\n') | NO_JSON,
            max_size=0 if kind == "empty" else 4,
        )
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    whole = target.getvalue()
    return whole[: draw(st.integers(0, len(whole)))] if kind == "cut" else whole
