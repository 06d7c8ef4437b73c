"""A Delta table: its live files, their times and deletion vectors from its log, as delta-rs reads it.

The files themselves are read as any others, so that one that is damaged or refused costs only itself. Columns that a
file lacks have the partition's value, or nulls where the table got the column later.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import ChainMap
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from exporter.errors import SourceError, SourceUnavailable
from exporter.sources.formats.content import one_line
from exporter.sources.formats.path_columns import with_constants
from exporter.sources.source import Batch, Selection, StoredObject
from exporter.sources.stores.local import Local, read_file
from exporter.sources.stores.s3 import S3
from exporter.sources.tables.live_files import LiveFile, report_timeless
from exporter.sources.tables.time_range import TimeRange

_VECTORS: Final = "deletionVectors"
_FEATURES: Final = {_VECTORS, "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "typeWidening"}
"""The features of a table for which its files are read as they are, or as `DeltaLog` reads them."""
_MAPPING: Final = "columnMapping"
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")

_COLOUR: Final = re.compile("\x1b\\[[0-9;]*m|↳")
"""What delta-rs draws in its messages."""
_TIMEOUTS: Final = {"connect_timeout": "5s", "timeout": "30s", "max_retries": "3", "retry_timeout": "60s"}

Kept = npt.NDArray[np.bool_]
"""By position of a row in its file, whether it is not deleted; rows beyond the end are not."""


@dataclass(frozen=True, slots=True)
class _Detail:
    """What is needed to read a file: the values of columns that it may lack, and the rows that are left."""

    values: Mapping[str, pa.Scalar]
    kept: Kept | None


class DeltaLog:
    """A Delta table, as `LakeTable`."""

    def __init__(self, place: str, folder: Path) -> None:
        """Save the arguments; nothing is read.

        Args:
            place: `s3://bucket/path`, or a path on this machine.
            folder: where a relative path begins.
        """
        self.name = place
        self._remote = place.startswith("s3://")
        self._root = place if self._remote else str((folder / place).absolute())
        self._read_file: Callable[[StoredObject, Selection], Generator[Batch]] = (
            S3(f"{place}/").read_file if self._remote else read_file
        )
        self._table: DeltaTable | None = None
        self._version = -1
        self._commit: str | None = None
        self._actions = pa.table({})
        self._vectors: Mapping[str, Kept] = {}
        self._listed: dict[str | None, Sequence[LiveFile]] = {}
        self.schema = pa.schema([])
        self.partition_columns: Sequence[str] = ()

    def refresh(self) -> None:
        """See `LakeTable`."""
        table, self._table = self._table, None  # after an error the next call opens the table anew
        if table is not None and self._commit != self._commit_of(table):
            table = None  # another table has been made in its place, which delta-rs does not notice
        with _log_errors(self.name):
            if table is None:
                table = DeltaTable(self._root, storage_options=_options(self._root))
                self._load(table)
            else:
                table.update_incremental()
                if table.version() != self._version:
                    self._load(table)
        self._table = table

    def _commit_of(self, table: DeltaTable) -> str | None:
        """Return the fingerprint of the file of the newest commit that is known; None where it is gone."""
        name = f"{table.version():020}.json"
        if self._remote:
            commit = S3(f"{self._root}/_delta_log/{name}").dataset()
        else:
            commit = Local(name, Path(self._root, "_delta_log")).dataset()
        return commit.fingerprint if commit is not None else None

    def _load(self, table: DeltaTable) -> None:
        features = self._readable_features(table)
        self._actions = pa.table(table.get_add_actions(flatten=True))
        self._vectors = _kept_rows(table) if _VECTORS in features else {}
        files = {_absolute(self._root, path) for path in self._actions.column("path").to_pylist()}
        if unknown := sorted(self._vectors.keys() - files):
            raise SourceError(f"{self.name}: has a deletion vector of {unknown[0]}, which is not one of its files")
        self.schema = pa.schema(table.schema().to_arrow())
        self.partition_columns = tuple(table.metadata().partition_columns)
        self._version, self._commit = table.version(), self._commit_of(table)
        self._listed = {}

    def _readable_features(self, table: DeltaTable) -> set[str]:
        """Return the features that a reader of this table must have.

        Raises:
            SourceError: they are not all known here.
        """
        features = set(table.protocol().reader_features or ())
        if table.metadata().configuration.get("delta.columnMapping.mode", "none") == "none":
            features.discard(_MAPPING)
        else:
            features.add(_MAPPING)
        if unknown := sorted(features - _FEATURES):
            raise SourceError(f"{self.name}: the table uses {', '.join(unknown)}, which Leeway does not read")
        return features

    def files(self, column: str | None, within: TimeRange | None) -> Sequence[LiveFile]:
        """See `LakeTable`."""
        if column not in self._listed:
            self._listed[column] = self._list(column)
        return self._listed[column]

    def _list(self, column: str | None) -> Sequence[LiveFile]:
        actions = self._actions
        wanted = {"path": "path", "size": "size_bytes", "rows": "num_records"}
        if column is not None:
            kind = "partition" if column in self.partition_columns else "min"
            last = "partition" if column in self.partition_columns else "max"
            wanted |= {"first": f"{kind}.{column}", "last": f"{last}.{column}", "nulls": f"null_count.{column}"}
        columns = {key: actions.column(name) for key, name in wanted.items() if name in actions.column_names}
        values = [(name, actions.column(f"partition.{name}")) for name in self.partition_columns]
        rows, nulls = pa.table(columns).to_pylist(), {each.name: pa.scalar(None, each.type) for each in self.schema}
        own = ({name: each[place] for name, each in values} for place in range(len(rows)))
        files = [self._file(row, ChainMap(each, nulls)) for row, each in zip(rows, own, strict=True)]
        timeless = [column is not None and self._is_timeless(row, column) for row in rows]
        report_timeless(self.name, column, [file for file, without in zip(files, timeless, strict=True) if without])
        return [file for file, without in zip(files, timeless, strict=True) if not without]

    def _is_timeless(self, row: Mapping[str, Any], column: str) -> bool:
        """Return whether a file is known to have no time in any row."""
        if column in self.partition_columns:
            return row["first"] is None
        return row.get("nulls") is not None and row["nulls"] == row.get("rows")

    def _file(self, row: Mapping[str, Any], values: Mapping[str, pa.Scalar]) -> LiveFile:
        path = _absolute(self._root, row["path"])
        kept = self._vectors.get(path)
        rows = row.get("rows")
        if kept is not None and rows is not None:
            rows -= int(np.count_nonzero(~kept))
        tag = "" if kept is None else hashlib.sha256(kept.tobytes()).hexdigest()[:16]
        first, last = (_moment(row.get(key)) for key in ("first", "last"))
        span = (first, last) if first is not None and last is not None else None
        return LiveFile(path, row["size"], tag, rows, span, detail=_Detail(values, kept))

    def read(self, file: LiveFile, selection: Selection, column: str | None) -> Generator[Batch]:
        """See `LakeTable`."""
        detail: _Detail = file.detail
        item = StoredObject(file.file, file.size, "")
        if detail.kept is None:
            yield from with_constants(self._read_file(item, selection), detail.values, selection)
        elif selection.part[0] == 0:  # rows are deleted by their position in the whole file
            batches = self._read_file(item, replace(selection, part=(0, 1)))
            yield from with_constants(_without_deleted(batches, detail.kept), detail.values, selection)


def _without_deleted(batches: Iterable[Batch], kept: Kept) -> Iterator[Batch]:
    end = rows = 0
    for batch in batches:
        if batch.first:
            end, rows = end + rows, batch.table.num_rows
        own = kept[end : end + rows]
        mask = np.append(own, np.ones(rows - len(own), np.bool_))
        yield replace(batch, table=batch.table.filter(pa.array(mask)))


def _kept_rows(table: DeltaTable) -> dict[str, Kept]:
    kept: dict[str, Kept] = {}
    for batch in pa.RecordBatchReader.from_stream(table.deletion_vectors()):
        for path, vector in zip(batch.column(0).to_pylist(), batch.column(1), strict=True):
            kept[_absolute("", path)] = np.asarray(vector.values.to_numpy(zero_copy_only=False), bool)
    return kept


def _moment(value: object) -> datetime | None:
    """Return a value of a log as a moment; None for one that is no time."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None


def _absolute(root: str, path: str) -> str:
    plain = unquote(path).removeprefix("file://")
    return plain if "://" in plain or plain.startswith("/") else f"{root}/{plain}"


def _options(root: str) -> dict[str, str]:
    """Return the timeouts of requests, and what delta-rs does not take from the AWS environment as boto3 does."""
    if not root.startswith("s3://"):
        return {}
    endpoint = next(filter(None, map(os.environ.get, _ENDPOINTS)), "")
    own = {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": str(endpoint.startswith("http://")).lower()}
    return {**_TIMEOUTS, **(own if endpoint else {})}


@contextmanager
def _log_errors(name: str) -> Iterator[None]:
    try:
        yield
    except TableNotFoundError:
        raise SourceError(f"{name}: there is no Delta table: it has no _delta_log") from None
    except (DeltaError, OSError) as error:
        reason = one_line(_COLOUR.sub("", str(error)))
        raise SourceUnavailable(f"{name}: the log of the table cannot be read: {reason}") from None
