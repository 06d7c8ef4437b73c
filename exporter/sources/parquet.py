"""One Parquet file as batches: only the selected columns, in pieces that fit in memory.

The file is read row group by row group; small row groups are read together. Row groups whose columns need more memory
than the limit come in several batches. Each batch has the keys and some of the other columns, in the order of the file.
Texts that rows are grouped or counted by are read as dictionaries, so that not every single value is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from exporter.errors import PartitionUnreadable, SourceError
from exporter.sources.source import Batch, Selection, StoredObject

T = TypeVar("T")

BATCH_BYTES: Final = 64 * 2**20
"""The approximate memory of a batch: more only where a single column of a single row group is larger."""


def read_batches(
    file: pa.NativeFile, item: StoredObject, selection: Selection, limit: int = BATCH_BYTES
) -> Iterator[Batch]:
    """Read an open file.

    Column names are taken literally: `user.age` is the column of that name, not a field of a column `user`. A column of
    structs or lists comes whole. A name that is also a key comes as a key only. A file without rows has no batches.

    Args:
        file: the content.
        item: the file as it was listed.
        selection: the columns; those that the file does not have are left out.
        limit: bytes of a batch, decoded.

    Raises:
        PartitionUnreadable: the size is not as listed, or two columns have the name of a selected one.
        pyarrow.ArrowException, OSError: the content is not Parquet; `parquet_errors` translates these.
    """
    if file.size() != item.size:
        raise PartitionUnreadable(f"{item.path}: changed while it was read: {file.size()} bytes, {item.size} as listed")
    footer = pq.ParquetFile(file)
    schema = footer.schema_arrow
    keys, others = _columns(schema, selection, item.path)
    plain = {*selection.numeric, *selection.plain}
    texts = [name for name in (*keys, *others) if name not in plain and _is_text(schema.field(name).type)]
    reader = pq.ParquetFile(
        file, metadata=footer.metadata, read_dictionary=texts, pre_buffer=True, page_checksum_verification=True
    )
    sizes = _sizes(footer.metadata, reader.schema_arrow, (*keys, *others))
    groups = [group for group in _part(footer.num_row_groups, selection) if footer.metadata.row_group(group).num_rows]
    for stretch in _packed(groups, [sum(sizes[group].values()) for group in groups], limit):
        taken = {name: sum(sizes[group][name] for group in stretch) for name in (*keys, *others)}
        room = limit - sum(taken[name] for name in keys)
        runs = _packed(others, [taken[name] for name in others], room) or [()]
        for index, table in enumerate(_tables(reader, stretch, keys, runs)):
            yield Batch(table, first=index == 0, schema=schema)


@contextmanager
def parquet_errors(
    item: StoredObject, store_error: Callable[[StoredObject, OSError], SourceError | None]
) -> Iterator[None]:
    """Turn errors while a file is open into errors of this package.

    Args:
        item: the file.
        store_error: returns the error for an `OSError` that the store caused; `None` when the content caused it.

    Raises:
        PartitionUnreadable: the file has deleted, or is not Parquet, or is truncated or corrupt.
        SourceError: the result of `store_error`.
    """
    try:
        yield
    except FileNotFoundError:
        raise PartitionUnreadable(f"{item.path}: was deleted after it was listed") from None
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        error_of_store = store_error(item, error) if isinstance(error, OSError) else None
        raise error_of_store or PartitionUnreadable(
            f"{item.path}: cannot be read as Parquet: {one_line(error)}"
        ) from None


def one_line(words: object) -> str:
    """Return a message on one line of at most 500 characters."""
    return " ".join(str(words).split())[:500]


def _columns(schema: pa.Schema, selection: Selection, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    wanted = dict.fromkeys(selection.columns)
    twice = sorted(name for name in wanted if len(schema.get_all_field_indices(name)) > 1)
    if twice:
        raise PartitionUnreadable(f"{path}: has several columns named {', '.join(map(repr, twice))}")
    keys = tuple(name for name in dict.fromkeys(selection.keys) if name in schema.names)
    return keys, tuple(name for name in schema.names if name in wanted and name not in keys)


def _part(groups: int, selection: Selection) -> range:
    part, parts = selection.part
    return range(groups * part // parts, groups * (part + 1) // parts)


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary)
    return any(test(kind) for test in tests)


def _sizes(metadata: pq.FileMetaData, schema: pa.Schema, names: Sequence[str]) -> list[dict[str, int]]:
    """Return for each row group the approximate bytes of each column in memory."""
    paths = [metadata.schema.column(index).path for index in range(metadata.num_columns)]
    places = {path: [index] for index, path in enumerate(paths)}
    leaves = {name: places.get(name) or _within(name, paths) for name in names}
    widths = {name: _width(schema.field(name).type) for name in names}
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return [{name: _size(group, leaves[name], widths[name]) for name in names} for group in groups]


def _within(name: str, paths: Sequence[str]) -> list[int]:
    return [index for index, path in enumerate(paths) if path.startswith(f"{name}.")]


def _width(kind: pa.DataType) -> int:
    return int(kind.bit_width) // 8 if pa.types.is_primitive(kind) else 4  # the index into a dictionary


def _size(group: pq.RowGroupMetaData, leaves: Sequence[int], width: int) -> int:
    stored: int = sum(group.column(index).total_uncompressed_size for index in leaves)
    return max(stored, int(group.num_rows) * width)


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
    reader: pq.ParquetFile, groups: Sequence[int], keys: Sequence[str], runs: Sequence[Sequence[str]]
) -> Iterator[pa.Table]:
    shared = _table(reader, groups, (*keys, *runs[0]))
    yield shared
    shared = shared.select(keys)
    for run in runs[1:]:
        rest = _table(reader, groups, run)
        yield pa.Table.from_arrays([*shared.columns, *rest.columns], names=[*keys, *run])


def _table(reader: pq.ParquetFile, groups: Sequence[int], names: Sequence[str]) -> pa.Table:
    # pyarrow also reads a name as a path into nested columns and returns both, so the table is reduced to the names
    return reader.read_row_groups(list(groups), columns=list(names)).select(list(names)).unify_dictionaries()
