"""A BigQuery for tests: an emulator in its own environment, behind a proxy that records and may rewrite requests.

The emulator runs GoogleSQL with the service's protocol, so the real client can use it. It differs from the service:
estimates and bills are 0, limits are not enforced, and INFORMATION_SCHEMA.PARTITIONS has no modification times. With
the proxy a test can change that.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import Conflict
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

ENVIRONMENT = Path(__file__).parents[2] / ".venv-bigquery"
FOLDER = Path(__file__).parent / "bigquery_emulator"
PROJECT, DATASET = "acme-data", "ml"


@dataclass(frozen=True)
class Call:
    """A request, and the size of its response in bytes."""

    method: str
    path: str
    body: dict[str, Any]
    answered: int

    @property
    def query(self) -> dict[str, Any]:
        """The query of a query job; empty for anything else."""
        return query_of(self.body)

    @property
    def dry(self) -> bool:
        return bool(self.body.get("configuration", {}).get("dryRun"))


def query_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the query that a request runs or estimates; empty for anything else."""
    return body if "query" in body else body.get("configuration", {}).get("query", {})


Answer = tuple[int, dict[str, Any]]
Fault = Callable[[str, str, dict[str, Any]], Answer | None]
"""Is passed a request's method, path and body; returns a response in place of the emulator's, or None."""
Rewrite = Callable[[str, dict[str, Any], dict[str, Any]], dict[str, Any]]
"""Is passed a request's path and body, and the response; returns the response to send."""


def refusal(status: int, reason: str, message: str) -> Answer:
    """Return an error in the service's format."""
    return status, {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}


@dataclass
class BigQueryServer:
    """The emulator, and the proxy in front of it."""

    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)
    query_rewrites: list[Callable[[str], str]] = field(default_factory=list)
    """Functions that rewrite the text of a query before the emulator runs it."""
    timeout: float = 600
    """The seconds that the emulator may take for a response."""

    def __enter__(self) -> Self:
        python = ENVIRONMENT / "bin" / "python"
        if not python.exists():
            raise FileNotFoundError(f"{python} is missing: run make bigquery")
        environment = os.environ | {"HOME": str(ENVIRONMENT), "PYTHONPATH": str(ENVIRONMENT / "emulator")}
        self._process = subprocess.Popen(
            [python, FOLDER / "serve.py"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        ports = json.loads(self._process.stdout.readline())
        self._emulator, self.storage = f"127.0.0.1:{ports['rest']}", f"127.0.0.1:{ports['storage']}"
        self._proxy = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, self._emulator))
        self._thread = threading.Thread(target=self._proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._proxy.server_address[1]}"
        self.client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"http://{self._emulator}"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self._proxy.shutdown()
        self._proxy.server_close()
        self._thread.join()
        try:
            self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:  # it still runs a query whose client has gone
            self._process.kill()
            self._process.communicate()

    def reset(self) -> None:
        """Forget tables, calls and faults."""
        for records in (self.calls, self.faults, self.rewrites, self.query_rewrites):
            records.clear()
        self.client.delete_dataset(DATASET, delete_contents=True, not_found_ok=True)

    def load(self, name: str, rows: pa.Table, partitioned: str | None = None, unit: str = "HOUR") -> str:
        """Append rows to a table, which is created if needed, and return its full name."""
        with suppress(Conflict):
            self.client.create_dataset(DATASET)
        table = bigquery.Table(f"{PROJECT}.{DATASET}.{name}", schema=[_field(each) for each in rows.schema])
        if partitioned is not None:
            table.time_partitioning = bigquery.TimePartitioning(type_=unit, field=partitioned)
        self.client.create_table(table, exists_ok=True)
        file = io.BytesIO()
        pq.write_table(rows, file)
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET, write_disposition=bigquery.WriteDisposition.WRITE_APPEND
        )
        self.client.load_table_from_file(file, table, rewind=True, job_config=config).result()
        return f"{PROJECT}.{DATASET}.{name}"

    @property
    def statements(self) -> list[str]:
        """The text of every query, dry runs included."""
        return [call.query["query"] for call in self.calls if call.query]


_TYPES = {
    pa.bool_(): "BOOL",
    pa.string(): "STRING",
    pa.large_string(): "STRING",
    pa.int64(): "INT64",
    pa.int32(): "INT64",
    pa.float64(): "FLOAT64",
    pa.float32(): "FLOAT64",
    pa.date32(): "DATE",
    pa.binary(): "BYTES",
    pa.timestamp("us"): "DATETIME",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
    pa.decimal128(38, 9): "NUMERIC",
}


def _field(column: pa.Field) -> bigquery.SchemaField:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bigquery.SchemaField(column.name, _TYPES[kind])


def _handler(server: BigQueryServer, emulator: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(sent) if sent else {}
            refused = next(filter(None, (fault(self.command, self.path, body) for fault in server.faults)), None)
            status, answer = refused or self._forwarded(body)
            if refused is None:
                for rewrite in server.rewrites:
                    answer = rewrite(self.path, body, answer)
            plain = json.dumps(answer).encode()
            packed = "gzip" in self.headers.get("Accept-Encoding", "")
            payload = gzip.compress(plain, 6) if packed else plain  # as the service does
            server.calls.append(Call(self.command, self.path, body, len(payload)))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the client has given up
                self.wfile.write(payload)

        def _forwarded(self, body: dict[str, Any]) -> Answer:
            body = copy.deepcopy(body)
            query = query_of(body)
            for rewrite in server.query_rewrites if query else ():
                query["query"] = rewrite(query["query"])
            connection = HTTPConnection(emulator, timeout=server.timeout)
            sent = json.dumps(body).encode() if body else None
            connection.request(self.command, self.path, sent, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            connection.close()
            return response.status, json.loads(content) if content else {}

        do_GET = do_POST = do_DELETE = _pass  # noqa: N815 - as the base class names them

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler
