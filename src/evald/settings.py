"""Every setting: its name, type, default, unit, and one sentence."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from evald.graders.similarity.choices import DEFAULT_FUZZY, FuzzyFunction, FuzzyProcessor
from evald.ports.relay import ResponsesSupport


class SettingsInvalid(Exception):
    """A setting holds what it may not hold; the message names it and says what would be right."""


MIB = 1_048_576
MAX_PORT = 65_535
MIN_S = 0.001
MAY_BE_0 = (
    "run_timeout_h",
    "requests_per_minute",
    "tokens_per_minute",
    "port",
    "metrics_port",
    "log_max_age_days",
    "log_max_bytes",
)
LOCAL_MODEL = "local:"
"""What a folder of one's own begins with where a model's name could stand."""

PythonGraders = Literal["sandboxed", "unsafe", "off"]
LOG_LEVELS = ("debug", "info", "warning", "error")

_LEVELS_TEXT = ", ".join(LOG_LEVELS[:-1]) + f" or {LOG_LEVELS[-1]}"
_KINDS: dict[type, str] = {int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set, each as `EVALD_<NAME>` in the environment, some as a flag of `evald serve`.

    The order of precedence is flag, environment, default. Secrets never show in `repr`.
    """

    host: str = field(default="127.0.0.1", metadata={"help": "Address to listen on."})
    port: int = field(default=8080, metadata={"help": "Port to listen on; 0 takes a free one."})
    data_dir: Path = field(
        default=Path("evald-data"), metadata={"help": "Folder for everything that is kept."}
    )
    database_url: str = field(
        default="",
        repr=False,
        metadata={"help": "A PostgreSQL database (postgresql://…); default: SQLite in data_dir."},
    )
    database_connections: int = field(
        default=10, metadata={"help": "Connections to PostgreSQL at once, at most."}
    )
    work: Literal["true", "false"] = field(
        default="true",
        metadata={"help": "Whether the server carries out runs itself, or leaves them to workers."},
    )
    config: Path = field(
        default=Path("evald.toml"),
        metadata={"help": "File of providers; it may be missing unless it is named."},
    )
    public_url: str = field(
        default="", metadata={"help": "URL under which pages are reached; default: as bound."}
    )
    allowed_hosts: str = field(
        default="",
        metadata={"help": "Comma-separated Host names to answer to; default: any with keys."},
    )
    api_key: str = field(
        default="", repr=False, metadata={"help": "One key that is good beside stored ones."}
    )
    upstream_base_url: str = field(
        default="https://api.openai.com/v1",
        metadata={"help": "The default provider: serves every model no other claims."},
    )
    upstream_api_key: str = field(
        default="",
        repr=False,
        metadata={"help": "Key of the default provider; default: OPENAI_API_KEY."},
    )
    upstream_forward_store: Literal["true", "false"] = field(
        default="false",
        metadata={"help": "Whether the default provider is told of store and metadata."},
    )
    upstream_responses: ResponsesSupport = field(
        default="native",
        metadata={"help": "How the default provider serves responses: translate, or none."},
    )
    max_concurrency: int = field(
        default=64, metadata={"help": "Calls in flight at the default provider, at most."}
    )
    requests_per_minute: int = field(
        default=0, metadata={"help": "Calls a minute to the default provider, at most; 0: any."}
    )
    tokens_per_minute: int = field(
        default=0, metadata={"help": "Tokens a minute of the default provider, at most; 0: any."}
    )
    attempt_timeout_s: float = field(
        default=600.0, metadata={"help": "Seconds one call to a model may take."}
    )
    item_timeout_s: float = field(
        default=1_800.0, metadata={"help": "Seconds one row may take, retries and waits included."}
    )
    run_timeout_h: float = field(
        default=0.0, metadata={"help": "Hours one run may take once it has begun; 0: any."}
    )
    max_attempts: int = field(
        default=5, metadata={"help": "Attempts at one call that fails with an error."}
    )
    max_runs: int = field(
        default=32, metadata={"help": "Runs worked on at once; further ones stay queued."}
    )
    max_body_bytes: int = field(
        default=256 * MIB, metadata={"help": "Bytes of a JSON request, at most."}
    )
    max_file_bytes: int = field(
        default=512_000_000, metadata={"help": "Bytes of an uploaded file, at most."}
    )
    max_archive_bytes: int = field(
        default=4_096 * MIB, metadata={"help": "Bytes of an archive sent to be imported, at most."}
    )
    max_row_bytes: int = field(
        default=32 * MIB, metadata={"help": "Bytes of one row of a data source, at most."}
    )
    python_graders: PythonGraders = field(
        default="sandboxed", metadata={"help": "How the code of python graders runs, or off."}
    )
    python_threshold: float = field(
        default=0.5, metadata={"help": "Score from which on a python grader passes by default."}
    )
    multi_threshold: float = field(
        default=0.5, metadata={"help": "Score from which on a multi grader passes by default."}
    )
    score_model_threshold: float = field(
        default=0.5,
        metadata={"help": "How far into its range a score_model's score passes by default."},
    )
    fuzzy_match: FuzzyFunction = field(
        default=DEFAULT_FUZZY.function, metadata={"help": "What fuzzy_match is, of rapidfuzz."}
    )
    fuzzy_processor: FuzzyProcessor = field(
        default=DEFAULT_FUZZY.processor,
        metadata={"help": "What texts go through before fuzzy_match."},
    )
    embedding_model: str = field(
        default="text-embedding-3-large",
        metadata={"help": "The model whose embeddings cosine compares; or local:, and a folder."},
    )
    embedding_cache_bytes: int = field(
        default=64 * MIB, metadata={"help": "Bytes of embeddings kept in memory, at most."}
    )
    log_max_age_days: int = field(
        default=0, metadata={"help": "Days that logs are kept; 0: without end."}
    )
    log_max_bytes: int = field(
        default=0, metadata={"help": "Bytes of logs that a project keeps, at most; 0: any."}
    )
    webhook_url: str = field(
        default="", metadata={"help": "An address that is told of every run that ends."}
    )
    webhook_secret: str = field(
        default="",
        repr=False,
        metadata={"help": "What its deliveries are signed with, such as whsec_…."},
    )
    webhook_allow_private: Literal["true", "false"] = field(
        default="false",
        metadata={"help": "Whether webhooks may go to plain http and to private addresses."},
    )
    secret_key: str = field(
        default="",
        repr=False,
        metadata={"help": "Seals secrets in the database; default: made in data_dir."},
    )
    metrics_port: int = field(
        default=0, metadata={"help": "Port of a worker's metrics, on loopback; 0: none."}
    )
    traces_endpoint: str = field(
        default="",
        repr=False,  # a password may stand in it
        metadata={"help": "An OpenTelemetry collector that spans are sent to (OTLP)."},
    )
    log_format: Literal["text", "json"] = field(
        default="text", metadata={"help": "How an event of the log is written."}
    )
    log_level: str = field(default="info", metadata={"help": f"{_LEVELS_TEXT}."})


def load_settings(environment: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """The settings of this environment, overruled by the flags that are not None.

    Raises:
        SettingsInvalid: a value is of the wrong kind or out of range.
    """
    values: dict[str, object] = {}
    hints = get_type_hints(Settings)
    for each in fields(Settings):
        text = environment.get(variable(each.name))
        if flags.get(each.name) is not None:
            values[each.name] = flags[each.name]
        elif text:
            values[each.name] = _read(each.name, text, hints[each.name])
    values.setdefault("upstream_api_key", environment.get("OPENAI_API_KEY", ""))
    settings = Settings(**values)  # type: ignore[arg-type]
    _refuse_out_of_range(settings)
    _refuse_bad_texts(settings)
    return settings


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"EVALD_{name.upper()}"


def _read(name: str, text: str, kind: type) -> object:
    if get_origin(kind) is Literal:
        *others, last = get_args(kind)
        if text not in {*others, last}:
            raise _invalid(name, f"is '{text[:100]}' and must be {', '.join(others)} or {last}")
        return text
    try:
        return kind(text)
    except ValueError:
        raise _invalid(name, f"is '{text[:100]}' and must be {_KINDS[kind]}") from None


def _refuse_out_of_range(settings: Settings) -> None:
    for each in fields(settings):
        value = getattr(settings, each.name)
        if isinstance(value, int | float):
            least = _least(each.name, value)
            if not math.isfinite(value):
                raise _invalid(each.name, f"is {value} and must be a finite number")
            if value < least:
                raise _invalid(each.name, f"is {value} and must be at least {least}")
    for name, port in (("port", settings.port), ("metrics_port", settings.metrics_port)):
        if port > MAX_PORT:
            raise _invalid(name, f"is {port} and must be at most {MAX_PORT}")
    if not 0 <= settings.score_model_threshold <= 1:
        must = "must be from 0 to 1, a part of the range"
        raise _invalid("score_model_threshold", f"is {settings.score_model_threshold} and {must}")


def _least(name: str, value: float) -> float:
    if name.endswith("_threshold"):
        return -math.inf
    if name in MAY_BE_0:
        return 0
    return 1 if isinstance(value, int) else MIN_S


def _refuse_bad_texts(settings: Settings) -> None:
    if settings.log_level.lower() not in LOG_LEVELS:
        raise _invalid("log_level", f"is '{settings.log_level}' and must be {_LEVELS_TEXT}")
    if settings.public_url and not _is_plain_address(settings.public_url):
        must = "must be an http or https address, without a query"
        raise _invalid("public_url", f"is '{settings.public_url}' and {must}")
    if settings.traces_endpoint and not _is_plain_address(settings.traces_endpoint):
        # The address itself is not shown: a password may stand in it, and this goes to logs.
        must = "must be an http or https address: 'http://localhost:4318'"
        raise _invalid("traces_endpoint", must)
    for host in settings.allowed_hosts.split(","):
        if "/" in host or ":" in host.rpartition("]")[2]:
            must = "must name hosts without scheme and port, as in 'evald.example.com, [::1]'"
            raise _invalid("allowed_hosts", f"has '{host.strip()}' and {must}")
    if not re.fullmatch(r"[!-~]*", settings.api_key):
        # The key itself is not shown: what is refused goes to logs.
        raise _invalid("api_key", "holds a space or a character that no header may hold")


def _is_plain_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_http = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_http and "?" not in url and "#" not in url


def _invalid(name: str, problem: str) -> SettingsInvalid:
    return SettingsInvalid(f"{variable(name)} {problem}.")
