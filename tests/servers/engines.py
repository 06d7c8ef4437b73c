"""The engines that count tables, behind one function: a test that all of them must pass takes the fixture `engine`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from athena_server import AthenaServer
from bigquery_server import BigQueryServer
from exporter.sources.engine import CountingSource
from exporter.sources.source import Stream
from exporter.sources.tables.athena import Athena
from exporter.sources.tables.athena_queries import QueryTerms
from exporter.sources.tables.aws_queries import Limits
from exporter.sources.tables.bigquery import BigQuery
from exporter.sources.tables.bigquery_jobs import JobTerms
from exporter.sources.tables.redshift.statements import Warehouse
from exporter.sources.tables.redshift.table import Redshift
from redshift_server import DATABASE, RedshiftServer

HOUR = timedelta(hours=1)
TERMS = QueryTerms("primary", "s3://results/leeway/", "AwsDataCatalog", "ml")
QUICK = Limits(poll=0.001)
WAREHOUSE = Warehouse(DATABASE, workgroup="monitoring")


@dataclass
class Engine:
    """An engine with its server."""

    server: AthenaServer | BigQueryServer | RedshiftServer

    def table(self, name: str, rows: pa.Table, column: str | None = None) -> CountingSource:
        """Load a table, which is partitioned by the hours of a column of times, and return it as a source."""
        stream = Stream("fraud", name, column, HOUR if column else None)
        if isinstance(self.server, AthenaServer):
            loaded = self.server.load(name, rows, iceberg=column is not None)
            return Athena(loaded, TERMS, stream, keys={}, whole=False, limits=QUICK)
        if isinstance(self.server, RedshiftServer):
            return Redshift(self.server.load(name, rows), WAREHOUSE, stream, limits=QUICK)
        return BigQuery(self.server.load(name, rows, column), JobTerms(None, {}, 10**9), stream, whole=False)

    @property
    def statements(self) -> list[str]:
        """The queries that were run, in order."""
        if not isinstance(self.server, BigQueryServer):
            return self.server.sent_queries
        return [call.query["query"] for call in self.server.calls if call.query and not call.dry]

    def forget(self) -> None:
        """Forget the statements so far."""
        (self.server.calls if isinstance(self.server, BigQueryServer) else self.server.sent_queries).clear()
