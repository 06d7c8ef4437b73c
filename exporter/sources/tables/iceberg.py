"""An Iceberg table: its snapshot, statistics and delete files by its catalog and metadata, as PyIceberg reads them.

PyIceberg also reads the files: it finds columns by their ids, so a renamed column keeps its values, and it leaves out
the rows of positional delete files and deletion vectors. Equality deletes are refused, since it does not apply them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any, Final

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.conversions import from_bytes
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, GreaterThanOrEqual, IsNull, LessThan, Or
from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.transforms import DayTransform, HourTransform, IdentityTransform
from pyiceberg.types import (
    DateType,
    NestedField,
    PrimitiveType,
    TimestampNanoType,
    TimestamptzNanoType,
    TimestamptzType,
)

from exporter.errors import FileUnavailable, SourceError, SourceUnavailable
from exporter.sources.formats.content import content_errors, one_line
from exporter.sources.source import Batch, Selection, StoredObject
from exporter.sources.tables.live_files import EPOCH, LiveFile, report_timeless
from exporter.sources.tables.time_range import TimeRange

Span = tuple[datetime, datetime]

RUN_BYTES: Final = 256 * 2**20
"""The approximate memory of the columns of a file that are read at a time."""
_VALUE_BYTES: Final = 32
_REFUSED: Final = ("ACCESS_DENIED", "INVALID_OBJECT_STATE", "Permission denied")
_ZONED: Final = (TimestamptzType, TimestamptzNanoType)
_NANOSECONDS: Final = (TimestampNanoType, TimestamptzNanoType)


class IcebergTable:
    """An Iceberg table, as `LakeTable`."""

    def __init__(self, name: str) -> None:
        """Save the name, `catalog.namespace.table`; the catalog is looked up in PyIceberg's own configuration."""
        self.name = name
        self.schema = pa.schema([])
        self.partition_columns: Sequence[str] = ()
        self._loaded: Table | None = None
        self._planned: tuple[object, list[FileScanTask]] | None = None

    def refresh(self) -> None:
        """See `LakeTable`."""
        with _catalog_errors(self.name):
            if self._loaded is None:
                catalog, _, table = self.name.partition(".")
                self._loaded = load_catalog(catalog).load_table(table)
            else:
                self._loaded.refresh()
            schema = self._loaded.schema()
            self.schema = schema_to_pyarrow(schema, include_field_ids=False)
            fields = self._loaded.spec().fields
            own = [each.source_id for each in fields if isinstance(each.transform, IdentityTransform)]
            self.partition_columns = tuple(each.name for each in schema.fields if each.field_id in own)

    @property
    def _table(self) -> Table:
        if self._loaded is None:
            raise SourceError(f"{self.name}: the table is not loaded")
        return self._loaded

    def files(self, column: str | None, within: TimeRange | None) -> Sequence[LiveFile]:
        """See `LakeTable`."""
        if column is None:
            return [self._file(task, None) for task in self._tasks(None, None)]
        field = self._table.schema().find_field(column)
        tasks = self._tasks(field, within)
        timeless = [self._is_timeless(task.file, field) for task in tasks]
        files = [self._file(task, field) for task in tasks]
        report_timeless(self.name, column, [file for file, without in zip(files, timeless, strict=True) if without])
        return [file for file, without in zip(files, timeless, strict=True) if not without]

    def _is_timeless(self, data: DataFile, field: NestedField) -> bool:
        """Return whether a file is known to have no time in any row."""
        if (data.null_value_counts or {}).get(field.field_id) == data.record_count:
            return True
        fields = self._table.specs()[data.spec_id].fields
        return any(
            part.source_id == field.field_id and data.partition[place] is None for place, part in enumerate(fields)
        )

    def _tasks(self, field: NestedField | None, within: TimeRange | None) -> list[FileScanTask]:
        """Return the files of the snapshot; they are planned again only for another snapshot or other times."""
        key = (self._table.metadata.current_snapshot_id, field, within)
        if self._planned is None or self._planned[0] != key:
            condition = AlwaysTrue() if field is None or within is None else _inside(field, [within])
            with _catalog_errors(self.name):
                self._planned = (key, list(self._table.scan(row_filter=condition).plan_files()))
        return self._planned[1]

    def _file(self, task: FileScanTask, field: NestedField | None) -> LiveFile:
        data, deletes = task.file, sorted((each.file_path, each.file_size_in_bytes) for each in task.delete_files)
        tag = hashlib.sha256(repr(deletes).encode()).hexdigest()[:16] if deletes else ""
        rows = None if deletes else data.record_count
        span = None if field is None else self._span(data, field)
        return LiveFile(data.file_path, data.file_size_in_bytes, tag, rows, span, detail=task)

    def _span(self, data: DataFile, field: NestedField) -> Span | None:
        """Return the earliest and latest time of a column, from its statistics or its partition."""
        lower, upper = ((bounds or {}).get(field.field_id) for bounds in (data.lower_bounds, data.upper_bounds))
        if lower is not None and upper is not None:
            first, last = (_moment(from_bytes(_primitive(field), each), field) for each in (lower, upper))
            if first is not None and last is not None:
                return first, last
        for place, part in enumerate(self._table.specs()[data.spec_id].fields):
            if part.source_id == field.field_id and data.partition[place] is not None:
                return _partition_span(part.transform, data.partition[place], field)
        return None

    def read(self, file: LiveFile, selection: Selection, column: str | None) -> Generator[Batch]:
        """See `LakeTable`."""
        schema, present = self._table.schema(), set(self.schema.names)
        condition: BooleanExpression = AlwaysTrue()
        if file.ranges and column is not None:
            condition = _inside(schema.find_field(column), file.ranges)
            if file.without_time:
                condition = Or(condition, IsNull(column))
        keys = [name for name in dict.fromkeys(selection.keys) if name in present]
        others = [name for name in dict.fromkeys(selection.columns) if name in present and name not in keys]
        runs = _runs(others, file.detail.file.record_count) if selection.part[0] == 0 else []
        with content_errors(file, _store_error):
            for number, run in enumerate(runs):
                names = [*keys, *run]
                projected = schema.select(*(names or self.schema.names[:1]))
                scan = ArrowScan(self._table.metadata, self._table.io, projected, condition)
                tables = (pa.Table.from_batches([batch]) for batch in scan.to_record_batches([file.detail]))
                # the same rows in several runs: each run is one batch, so that they agree
                for table in tables if len(runs) == 1 else _together(tables):
                    yield Batch(table.select(names), first=number == 0, schema=self.schema)


def _together(tables: Iterable[pa.Table]) -> list[pa.Table]:
    parts = list(tables)
    return [pa.concat_tables(parts, promote_options="permissive")] if parts else []


def _runs(names: Sequence[str], rows: int) -> list[Sequence[str]]:
    """Return names in runs that fit in memory, at least one: PyIceberg holds all rows of a file."""
    length = max(RUN_BYTES // max(rows * _VALUE_BYTES, 1), 1)
    return [names[start : start + length] for start in range(0, len(names), length)] or [()]


def _inside(field: NestedField, ranges: Sequence[TimeRange]) -> BooleanExpression:
    def between(part: TimeRange) -> BooleanExpression:
        start, end = _literal(part.start, field), _literal(part.end, field)
        return And(GreaterThanOrEqual(field.name, start), LessThan(field.name, end))

    return reduce(Or, map(between, ranges))


def _primitive(field: NestedField) -> PrimitiveType:
    if not isinstance(field.field_type, PrimitiveType):
        raise TypeError(field)
    return field.field_type


def _literal(moment: datetime, field: NestedField) -> str:
    """Return a moment as PyIceberg reads it for a column of this type; a text compares as a day."""
    kind = field.field_type
    if isinstance(kind, _ZONED):
        return moment.astimezone(UTC).isoformat()
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat() if "timestamp" in str(kind) else plain.date().isoformat()


def _moment(value: Any, field: NestedField) -> datetime | None:
    """Return a value of the metadata as a moment; None for one that is no time."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return EPOCH + (value - EPOCH.date())
    if isinstance(value, str):
        try:
            return _moment(date.fromisoformat(value), field)
        except ValueError:
            return None
    if isinstance(field.field_type, DateType):
        return EPOCH + timedelta(days=value)
    return EPOCH + timedelta(microseconds=value // 1000 if isinstance(field.field_type, _NANOSECONDS) else value)


def _partition_span(transform: object, value: Any, field: NestedField) -> Span | None:
    if isinstance(transform, IdentityTransform):
        moment = _moment(value, field)
        return (moment, moment) if moment is not None else None
    if not isinstance(transform, DayTransform | HourTransform):
        return None
    length = timedelta(days=1) if isinstance(transform, DayTransform) else timedelta(hours=1)
    first = EPOCH + (value - EPOCH.date() if isinstance(value, date) else value * length)
    return first, first + length - timedelta(microseconds=1)


def _store_error(item: StoredObject, error: OSError) -> SourceUnavailable | None:
    """Return an error of the store; None where the content caused it."""
    reason = str(error)
    if error.errno is None and "AWS Error" not in reason:
        return None
    kind = FileUnavailable if any(sign in reason for sign in _REFUSED) else SourceUnavailable
    return kind(f"{item.path}: {one_line(reason)}")


@contextmanager
def _catalog_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (NoSuchTableError, NoSuchNamespaceError):
        raise SourceError(f"{name}: the catalog has no such table") from None
    except SourceError:
        raise
    except ValueError as error:  # its configuration is incomplete, or the table has equality deletes
        raise SourceError(f"{name}: {one_line(error)}") from None
    except Exception as error:  # noqa: BLE001 - each kind of catalog has errors of its own
        raise SourceUnavailable(f"{name}: the catalog or the metadata cannot be read: {one_line(error)}") from None
