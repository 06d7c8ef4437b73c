"""One Parquet file as batches: only the selected columns, in pieces that fit in memory.

The file is read row group by row group; small row groups are read together. Row groups whose columns need more memory
than the limit come in several batches. Each batch has the keys and some of the other columns, in the order of the file.
Texts that rows are grouped or counted by are read as dictionaries, so that not every single value is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from exporter.sources.formats.content import one_line, refuse_changed, repeated_columns
from exporter.sources.source import Batch, Selection, StoredObject

T = TypeVar("T")

BATCH_BYTES: Final = 64 * 2**20
"""The approximate memory of a batch: more only where a single column of a single row group is larger."""
_TEXT_BYTES: Final = 32
"""The weight of a text or a nested value beside numbers, whose weight is their width."""
_INDEX_BYTES: Final = 4
"""The least memory of a value that is not a number: an index into a dictionary."""
_NOT_DECODED: Final = re.compile("not yet implemented|not ?implemented|unsupported", re.IGNORECASE)
"""In the message of an error about the way a column is stored. Errors about damage have other words."""


def read_batches(
    file: pa.NativeFile, item: StoredObject, selection: Selection, limit: int = BATCH_BYTES
) -> Iterator[Batch]:
    """Read an open file.

    Column names are taken literally: `user.age` is the column of that name, not a field of a column `user`. A column of
    structs or lists comes whole. A name that is also a key comes as a key only. A name that several columns have is a
    problem of the first batch of each stretch of rows. A file without rows has no batches.

    Args:
        file: the content.
        item: the file as it was listed.
        selection: the columns; those that the file does not have are left out.
        limit: bytes of a batch, decoded.

    Raises:
        FileUnreadable: the size is not as listed.
        pyarrow.ArrowException, OSError: the content is not Parquet; `content_errors` translates these.
    """
    refuse_changed(file, item)
    footer = pq.ParquetFile(file)
    schema = footer.schema_arrow
    repeated = repeated_columns(schema.names, selection)
    keys, others = _columns([name for name in schema.names if name not in repeated], selection)
    plain = {*selection.numeric, *selection.plain}
    texts = [name for name in (*keys, *others) if name not in plain and _is_text(schema.field(name).type)]
    reader = _Reader(file, footer.metadata, texts)
    sizes = _sizes(footer.metadata, schema, (*keys, *others))
    groups = [group for group in _part(footer.num_row_groups, selection) if footer.metadata.row_group(group).num_rows]
    for stretch in _packed(groups, [sum(sizes[group].values()) for group in groups], limit):
        taken = {name: sum(sizes[group][name] for group in stretch) for name in (*keys, *others)}
        room = limit - sum(taken[name] for name in keys)
        runs = _packed(others, [taken[name] for name in others], room) or [()]
        for index, (table, problems) in enumerate(_tables(reader, stretch, keys, runs)):
            first = index == 0
            yield Batch(table, first=first, schema=schema, problems={**problems, **repeated} if first else problems)


def _columns(names: Sequence[str], selection: Selection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    wanted = frozenset(selection.columns)
    keys = tuple(name for name in dict.fromkeys(selection.keys) if name in names)
    return keys, tuple(name for name in names if name in wanted and name not in keys)


def _part(groups: int, selection: Selection) -> range:
    part, parts = selection.part
    return range(groups * part // parts, groups * (part + 1) // parts)


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary)
    return any(test(kind) for test in tests)


def _sizes(metadata: pq.FileMetaData, schema: pa.Schema, names: Sequence[str]) -> list[dict[str, int]]:
    """Return for each row group the approximate bytes of each column in memory.

    They are shares of the row group's size. The size of a column is in the footer too, but pyarrow ends the process
    when it is asked for a column of a damaged footer.
    """
    weights = {field.name: _width(field.type, _TEXT_BYTES) for field in schema}
    total = max(sum(weights.values()), 1)
    widths = {name: _width(schema.field(name).type, _INDEX_BYTES) for name in names}
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return [
        {name: max(group.total_byte_size * weights[name] // total, group.num_rows * widths[name]) for name in names}
        for group in groups
    ]


def _width(kind: pa.DataType, other: int) -> int:
    return int(kind.bit_width) // 8 or 1 if pa.types.is_primitive(kind) else other


def _packed(items: Sequence[T], sizes: Sequence[int], limit: int) -> list[tuple[T, ...]]:
    """Return the items in runs, in order: each run adds up to `limit` at most, or is one item."""
    runs: list[list[T]] = []
    total = 0
    for item, size in zip(items, sizes, strict=True):
        total += size
        if runs and total <= limit:
            runs[-1].append(item)
        else:
            runs.append([item])
            total = size
    return [tuple(run) for run in runs]


def _tables(
    reader: _Reader, groups: Sequence[int], keys: Sequence[str], runs: Sequence[Sequence[str]]
) -> Iterator[tuple[pa.Table, Mapping[str, str]]]:
    """Yield a table for each run of columns, each with the keys, and the columns that cannot be decoded, with why."""
    shared, problems = reader.table(groups, (*keys, *runs[0]))
    yield shared, problems
    shared = shared.select([name for name in keys if name not in problems])
    for run in runs[1:]:
        rest, problems = reader.table(groups, run)
        names = [*shared.column_names, *rest.column_names]
        yield pa.Table.from_arrays([*shared.columns, *rest.columns], names=names), problems


class _Reader:
    """Decodes columns of one file: texts as dictionaries where Arrow can, and else plain.

    Arrow decodes no dictionary from texts with delta encoding. The first row groups show which columns these are.
    """

    def __init__(self, file: pa.NativeFile, metadata: pq.FileMetaData, texts: Sequence[str]) -> None:
        self._file = file
        self._metadata = metadata
        self._encoded = self._opened(texts)
        self._decoded: pq.ParquetFile | None = None
        self._plain: set[str] = set()
        self._problems: dict[str, str] = {}

    def table(self, groups: Sequence[int], names: Sequence[str]) -> tuple[pa.Table, Mapping[str, str]]:
        """Return the columns of some row groups that can be decoded, and why others cannot."""
        columns = self._columns(groups, self._decodable(names))
        if not isinstance(columns, pa.Table):
            for name in names:
                self._find_problem(groups, name)
            columns = self._columns(groups, self._decodable(names))
        if not isinstance(columns, pa.Table):
            raise pa.ArrowNotImplementedError(columns)
        return columns, {name: self._problems[name] for name in names if name in self._problems}

    def _decodable(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in self._problems]

    def _find_problem(self, groups: Sequence[int], name: str) -> None:
        if name in self._problems or isinstance(self._columns(groups, [name]), pa.Table):
            return
        self._plain.add(name)
        column = self._columns(groups, [name])
        if not isinstance(column, pa.Table):
            self._problems[name] = f"the column cannot be decoded: {column}"

    def _columns(self, groups: Sequence[int], names: Sequence[str]) -> pa.Table | str:
        """Return columns, or why one of them cannot be decoded in the way that is known for it."""
        plain = [name for name in names if name in self._plain]
        encoded = [name for name in names if name not in self._plain]
        try:
            table = _read(self._encoded, groups, encoded)
            if not plain:
                return table
            if self._decoded is None:
                self._decoded = self._opened(())
            rest = _read(self._decoded, groups, plain)
        except (pa.ArrowException, OSError) as error:
            if not _NOT_DECODED.search(str(error)):
                raise
            return one_line(error)
        return pa.Table.from_arrays([*table.columns, *rest.columns], names=[*encoded, *plain]).select(list(names))

    def _opened(self, texts: Sequence[str]) -> pq.ParquetFile:
        return pq.ParquetFile(
            self._file,
            metadata=self._metadata,
            read_dictionary=list(texts),
            pre_buffer=True,
            page_checksum_verification=True,
        )


def _read(reader: pq.ParquetFile, groups: Sequence[int], names: Sequence[str]) -> pa.Table:
    # pyarrow also reads a name as a path into nested columns and returns both, so the table is reduced to the names
    return reader.read_row_groups(list(groups), columns=list(names)).select(list(names)).unify_dictionaries()
