"""The operations of reports, which are ours."""

from evald.http.operation import Operation
from evald.http.routes import reports
from evald.wire.comparisons import ChangedItem, CompareQuery, Comparison, ListChangesQuery
from evald.wire.reports import ReportQuery, RunReport

COMPARE = "/v1/evald/compare"

REPORT_OPERATIONS = [
    Operation(
        "getRunReport",
        "GET",
        "/v1/evald/runs/{run_id}/report",
        reports.get_report,
        query=ReportQuery,
        gives=RunReport,
    ),
    Operation(
        "compareRuns",
        "GET",
        COMPARE,
        reports.compare_runs,
        query=CompareQuery,
        gives=Comparison,
    ),
    Operation(
        "listChanges",
        "GET",
        COMPARE + "/items",
        reports.list_changes,
        query=ListChangesQuery,
        gives=ChangedItem,
        gives_list=True,
    ),
]
