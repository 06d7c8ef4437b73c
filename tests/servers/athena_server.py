"""An Athena for tests: moto's API over HTTP, with DuckDB as the engine that runs the queries.

moto starts, lists and stops queries, and stores the results that it is given. DuckDB runs the text that was sent:
sqlglot reads it as Athena's dialect and writes DuckDB's. What is Trino's meaning and not DuckDB's is translated here.
The metadata of tables and the pages of a result, which moto lacks, are made here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import sqlglot
from moto.athena.models import QueryResults, athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from sqlglot import exp
from werkzeug.wrappers import Request as WsgiRequest
from werkzeug.wrappers import Response

from s3_server import S3Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REGION = "us-east-1"
_HIVE = {
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.float64(): "double",
    pa.float32(): "float",
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.binary(): "binary",
    pa.timestamp("us"): "timestamp",
    pa.timestamp("us", "UTC"): "timestamp",
    pa.timestamp("ms"): "timestamp",
}
_TRINO = {
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double",
    "FLOAT": "real",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}


@dataclass
class AthenaServer(S3Server):
    """An Athena with the tables that a test loads; a table's rows have a file each hour that they were loaded in."""

    sent_queries: list[str] = field(default_factory=list)
    """The text of each query, in order."""
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)
    """State and reason of the queries that have not succeeded, by their name."""
    page: int = 1000
    """Rows of a result in one response, at most."""
    refusals: list[Callable[[str, dict[str, Any]], tuple[str, str] | None]] = field(default_factory=list)
    """Are passed an operation and its body; return code and message of an error in place of the response, or None."""
    endings: list[Callable[[str], tuple[str, str] | None]] = field(default_factory=list)
    """Are passed a query's text; return the state that it stays or ends in, and the reason, or None."""
    scanned: int = 0
    """Bytes that each query has read, as Athena tells it."""
    stopped: list[str] = field(default_factory=list)
    """The queries that were cancelled."""

    def __post_init__(self) -> None:
        super().__init__()
        self._tables: dict[str, dict[str, Any]] = {}
        self._duckdb = _engine()

    def load(
        self, name: str, rows: pa.Table, *, keys: Iterable[str] = (), iceberg: bool = False, files: bool = True
    ) -> str:
        """Add rows to a table, as one file, and return the table's name for a spec."""
        keys = tuple(keys)
        if files:
            number = len(self._tables.get(name, {}).get("loads", [])) + 1
            written = pa.array([1_700_000_000_000 + number] * rows.num_rows, pa.timestamp("ms", "UTC"))
            stored = rows.append_column("$path", pa.array([f"s3://lake/{name}/{number}"] * rows.num_rows))
            stored = stored.append_column("$file_modified_time", written)
            if not iceberg:
                stored = stored.append_column("$file_size", pa.array([rows.nbytes] * rows.num_rows, pa.int64()))
        else:
            stored = rows
        columns = [{"Name": each.name, "Type": _hive(each.type)} for each in rows.schema]
        table = self._tables.setdefault(name, {"loads": []})
        table["metadata"] = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE" if files else "VIRTUAL_VIEW",
            "Columns": [column for column in columns if column["Name"] not in keys],
            "PartitionKeys": [column for column in columns if column["Name"] in keys],
            "Parameters": {"table_type": "ICEBERG"} if iceberg else {},
        }
        first = not table["loads"]
        table["loads"].append(stored)
        self._duckdb.register("loaded", stored)
        made = f'CREATE TABLE ml."{name}" AS SELECT * FROM loaded' if first else f'INSERT INTO ml."{name}" FROM loaded'
        self._duckdb.execute(made)
        self._duckdb.unregister("loaded")
        return f"ml.{name}"

    def rows_of(self, name: str) -> pa.Table:
        """Return all rows of a table, as they were loaded, with the columns about files."""
        return pa.concat_tables(self._tables[name]["loads"])

    def wipe(self) -> None:
        """See `StoreServer`."""
        super().wipe()
        self._tables.clear()
        self._duckdb.close()
        self._duckdb = _engine()
        for each in (self.sent_queries, self.failures, self.refusals, self.endings, self.stopped):
            each.clear()
        self.page, self.scanned = 1000, 0

    def execute(self, text: str) -> pa.Table:
        """Run a query of Athena's dialect."""
        return self._duckdb.cursor().sql(duckdb_text(text)).to_arrow_table()

    @property
    def store(self) -> WSGIApplication:
        """See `StoreServer`."""
        return self._application

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if not target.startswith("AmazonAthena."):
            return super().store(environ, start_response)
        operation, body = target.partition(".")[2], json.loads(WsgiRequest(environ).get_data(cache=True) or "{}")
        refused = next((each for rule in self.refusals if (each := rule(operation, body))), None)
        if refused is not None:
            return _error(*refused)(environ, start_response)
        environ["wsgi.input"] = _again(body)
        environ["CONTENT_LENGTH"] = str(len(json.dumps(body)))
        return self._answered(operation, body, environ)(environ, start_response)

    def _answered(self, operation: str, body: dict[str, Any], environ: WSGIEnvironment) -> Response:
        if operation == "GetTableMetadata":
            return self._metadata(body)
        if operation == "StartQueryExecution":
            return self._start(body["QueryString"], environ)
        answer = Response.from_app(super().store, environ, buffered=True)
        name = body.get("QueryExecutionId", "")
        if operation == "StopQueryExecution":
            self.stopped.append(name)
        if operation == "GetQueryExecution":
            content = json.loads(answer.get_data())
            execution = content["QueryExecution"]
            execution["Statistics"]["DataScannedInBytes"] = self.scanned
            if name in self.failures:
                state, reason = self.failures[name]
                execution["Status"] |= {"State": state, "StateChangeReason": reason}
            answer.set_data(json.dumps(content))
        if operation == "GetQueryResults":
            content = json.loads(answer.get_data())
            start, rows = int(body.get("NextToken", 0)), content["ResultSet"]["Rows"]
            end = start + min(self.page, body.get("MaxResults", self.page))
            content["ResultSet"]["Rows"] = rows[start:end]
            if end < len(rows):
                content["NextToken"] = str(end)
            answer.set_data(json.dumps(content))
        return answer

    def _metadata(self, body: dict[str, Any]) -> Response:
        table = self._tables.get(body["TableName"])
        if table is None or body["DatabaseName"] != "ml":
            return _error("MetadataException", f"EntityNotFoundException: Table {body['TableName']} not found.")
        return Response(json.dumps({"TableMetadata": table["metadata"]}), content_type="application/x-amz-json-1.1")

    def _start(self, text: str, environ: WSGIEnvironment) -> Response:
        self.sent_queries.append(text)
        failed = next((each for rule in self.endings if (each := rule(text))), None)
        backend = athena_backends[DEFAULT_ACCOUNT_ID][REGION]
        if failed is None:
            try:
                backend.query_results_queue.append(_results(self.execute(text)))
            except (
                duckdb.Error,
                sqlglot.errors.SqlglotError,
                ValueError,
                KeyError,
                TypeError,
                AttributeError,
            ) as error:
                kind = "COLUMN_NOT_FOUND" if isinstance(error, duckdb.BinderException) else "SYNTAX_ERROR"
                failed = "FAILED", f"{kind}: {error}"
        answer = Response.from_app(super().store, environ, buffered=True)
        if failed is not None:
            self.failures[json.loads(answer.get_data())["QueryExecutionId"]] = failed
        return answer


def _engine() -> duckdb.DuckDBPyConnection:
    """Return DuckDB with what it lacks of Trino."""
    engine = duckdb.connect()
    engine.execute("SET TimeZone = 'UTC'; SET threads = 1; CREATE SCHEMA ml")
    engine.execute("CREATE MACRO width_bucket(x, bins) AS len(list_filter(bins, lambda b: b <= x))")
    engine.execute("CREATE MACRO is_infinite(x) AS isinf(x)")
    engine.execute("CREATE MACRO is_nan(x) AS isnan(x)")
    engine.execute("CREATE MACRO truncate(x) AS trunc(x)")
    return engine


def duckdb_text(text: str) -> str:
    """Return a query of Athena's dialect as DuckDB's."""
    tree = sqlglot.parse_one(text, read="athena")
    for node in reversed(list(tree.bfs())):
        if isinstance(node, exp.Div) and not _is_float(node.this) and not _is_float(node.expression):
            node.replace(exp.IntDiv(this=node.this, expression=node.expression))
        elif isinstance(node, exp.Anonymous) and node.name.upper() == "AT_TIMEZONE":
            node.replace(exp.AtTimeZone(this=node.expressions[0], zone=node.expressions[1]))
        elif isinstance(node, exp.Cast) and node.to.is_type("varchar"):
            node.replace(_as_text(node))
    return tree.sql(dialect="duckdb")


def _is_float(node: exp.Expression) -> bool:
    return any(each.to.is_type("double") for each in node.find_all(exp.Cast)) or any(
        "." in each.name or "e" in each.name.lower() for each in node.find_all(exp.Literal) if not each.is_string
    )


def _as_text(node: exp.Cast) -> exp.Expression:
    """Return a value as the text that Trino makes of it: a time of microseconds has all six digits."""
    if isinstance(node.this, exp.Cast) and node.this.to.is_type("timestamp"):
        return exp.func("STRFTIME", node.this, exp.Literal.string("%Y-%m-%d %H:%M:%S.%f"), dialect="duckdb")
    return node


def _hive(kind: pa.DataType) -> str:
    return f"decimal({kind.precision},{kind.scale})" if pa.types.is_decimal(kind) else _HIVE[kind]


def _results(table: pa.Table) -> QueryResults:
    """Return a result as Athena does: texts, with the names of the columns as its first row."""
    info = [_column(each) for each in table.schema]
    values = zip(*(_texts(column) for column in table.columns), strict=True) if table.num_columns else ()
    rows = [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in values]
    header = {"Data": [{"VarCharValue": name} for name in table.column_names]}
    return QueryResults([header, *rows], info)


def _column(field: pa.Field) -> dict[str, Any]:
    kind, precision, scale = "varchar", 0, 0
    if pa.types.is_decimal(field.type):
        whole = field.type.scale == 0 and field.type.precision == 38  # sums of integers
        kind, precision, scale = "bigint" if whole else "decimal", field.type.precision, field.type.scale
    elif pa.types.is_timestamp(field.type):
        kind = "timestamp with time zone" if field.type.tz else "timestamp"
    elif pa.types.is_integer(field.type):
        kind = "bigint"
    elif pa.types.is_floating(field.type):
        kind = "double"
    elif pa.types.is_boolean(field.type):
        kind = "boolean"
    elif pa.types.is_date(field.type):
        kind = "date"
    return {"Name": field.name, "Type": kind, "Precision": precision, "Scale": scale}


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    if pa.types.is_timestamp(column.type):
        zone = " UTC" if column.type.tz else ""
        return [None if each is None else f"{each:%Y-%m-%d %H:%M:%S.%f}{zone}" for each in column.to_pylist()]
    if pa.types.is_floating(column.type):
        return [None if each is None else _double(each) for each in column.to_pylist()]
    if pa.types.is_boolean(column.type):
        return [None if each is None else str(each).lower() for each in column.to_pylist()]
    return [None if each is None else str(each) for each in column.to_pylist()]


def _double(value: float) -> str:
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(value), repr(value).upper())


def _error(code: str, message: str) -> Response:
    body = json.dumps({"__type": code, "Message": message, "message": message})
    return Response(body, status=400, content_type="application/x-amz-json-1.1")


def _again(body: dict[str, Any]) -> Any:
    import io

    return io.BytesIO(json.dumps(body).encode())
