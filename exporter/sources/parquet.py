"""One Parquet file as batches: only the columns that are wanted, in pieces that fit in memory.

The file is read row group by row group; row groups that are small together make one stretch of rows. A stretch whose
columns would take more than the limit comes in several batches, each with the keys and some of the other columns, in
the order in which the file has them. Texts that rows are grouped or counted by are read as dictionaries, which skips
the decoding of every single value.
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
"""A batch takes about this much memory: more only where a single column of a single row group does."""


def read_batches(
    file: pa.NativeFile, item: StoredObject, selection: Selection, limit: int = BATCH_BYTES
) -> Iterator[Batch]:
    """Read a file that is open.

    Column names are taken literally: `user.age` is the column of that name, not a field of a column `user`. A column of
    structs or lists comes whole. A name that is a key as well comes as a key alone. A file without rows has no batches.

    Args:
        file: the content.
        item: what the store said of it.
        selection: the columns that are wanted; those that the file does not have are left out.
        limit: bytes that a batch may take, decoded.

    Raises:
        PartitionUnreadable: the size is not what was listed, or two columns have the name of one that is wanted.
        pyarrow.ArrowException, OSError: the content is not Parquet; `parquet_errors` makes errors of ours of them.
    """
    if file.size() != item.size:
        raise PartitionUnreadable(f"{item.path}: changed while it was read: {file.size()} bytes, {item.size} as listed")
    plain = pq.ParquetFile(file)
    schema = plain.schema_arrow
    keys, others = _columns(schema, selection, item.path)
    plainly = {*selection.numeric, *selection.plain}
    texts = [name for name in (*keys, *others) if name not in plainly and _is_text(schema.field(name).type)]
    reader = pq.ParquetFile(
        file, metadata=plain.metadata, read_dictionary=texts, pre_buffer=True, page_checksum_verification=True
    )
    sizes = _sizes(plain.metadata, reader.schema_arrow, (*keys, *others))
    groups = [group for group in _part(plain.num_row_groups, selection) if plain.metadata.row_group(group).num_rows]
    for stretch in _packed(groups, [sum(sizes[group].values()) for group in groups], limit):
        taken = {name: sum(sizes[group][name] for group in stretch) for name in (*keys, *others)}
        room = limit - sum(taken[name] for name in keys)
        runs = _packed(others, [taken[name] for name in others], room) or [()]
        for index, table in enumerate(_tables(reader, stretch, keys, runs)):
            yield Batch(table, first=index == 0, schema=schema)


@contextmanager
def parquet_errors(item: StoredObject, judge: Callable[[StoredObject, OSError], SourceError | None]) -> Iterator[None]:
    """Make errors of ours of what goes wrong while a file is open.

    Args:
        item: the file.
        judge: the error that an `OSError` about it is when the store is to blame; `None` when the content is.

    Raises:
        PartitionUnreadable: the file has gone, or is not Parquet, or is truncated or corrupt.
        SourceError: what `judge` says.
    """
    try:
        yield
    except FileNotFoundError:
        raise PartitionUnreadable(f"{item.path}: has gone since it was listed") from None
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        known = judge(item, error) if isinstance(error, OSError) else None
        raise known or PartitionUnreadable(f"{item.path}: cannot be read as Parquet: {one_line(error)}") from None


def one_line(words: object) -> str:
    """What an error says, on one line of at most 500 letters."""
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
    """For each row group, about how many bytes each column takes in memory."""
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
    """The items in runs, in order: each run adds up to `limit` at most, or is one item."""
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
    # pyarrow takes a name for a path into nested columns too, and brings what both readings give: hence the selection
    return reader.read_row_groups(list(groups), columns=list(names)).select(list(names)).unify_dictionaries()
