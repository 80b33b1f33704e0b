"""What a page is before it is written: one value, of which HTML, JSON and CSV are made."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal

from pydantic import BaseModel, JsonValue
from starlette.requests import Request

from evald.domain import exact_json
from evald.web.sign_in import Visitor
from evald.web.site import Site

Form = Literal["html", "json", "csv"]
"""How a page is answered; the address says it by its end."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a page, by somebody who may see it."""

    site: Site
    request: Request
    visitor: Visitor
    form: Form = "html"


@dataclass(frozen=True, slots=True)
class Table:
    """The table of a page, as CSV has it: a name a column, and the rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[JsonValue]]


@dataclass(frozen=True, slots=True)
class View:
    """A page: its template, and the frozen dataclass that the template and the JSON show.

    `extras` is what the template alone needs. `notices` name what of the address was not
    understood.
    """

    template: str
    page: object
    table: Table | None = None
    notices: Sequence[str] = ()
    extras: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


def json_text(value: object) -> str:
    """The JSON text of a page's value, numbers as given."""
    return exact_json.dump(_json_value(value))


def _json_value(value: object) -> JsonValue:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, BaseModel):
        return _json_value(value.model_dump())
    if isinstance(value, Mapping):
        return {str(key): _json_value(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_json_value(each) for each in value]
    if is_dataclass(value):
        return {each.name: _json_value(getattr(value, each.name)) for each in fields(value)}
    raise TypeError(f"a page holds a {type(value).__name__}")


def csv_text(table: Table) -> str:
    """The table as RFC 4180 has it, its first line the names of the columns.

    Text that a spreadsheet would take for a formula gets an apostrophe before it, by which it is
    text there too; numbers stay numbers. What is neither is JSON.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_cell(each) for each in row] for row in table.rows)
    return written.getvalue()


def _cell(value: JsonValue) -> str | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else exact_json.dump(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
