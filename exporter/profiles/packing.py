"""Profiles as bytes, for the store and for pieces that other machines count.

`exporter.profiles.sealing` defines the format of the bytes. Numbers come back exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import pyarrow as pa

from exporter.profiles.group import Group, Segment
from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.profile import Profile
from exporter.profiles.sealing import open_sealed, seal_table

_PART: Final = "part"
"""The key of a profile: a group, or an hour of the week and a segment, as JSON."""
_SCHEMA: Final = pa.schema(
    {
        _PART: pa.string(),
        "rows": pa.int64(),
        "counts": pa.list_(pa.int64()),
        "sums": pa.list_(pa.float64()),
        "squares": pa.list_(pa.float64()),
        "lows": pa.list_(pa.float64()),
        "highs": pa.list_(pa.float64()),
        "novel": pa.string(),
        "unreadable": pa.string(),
    }
)


def pack_partition(profile: PartitionProfile) -> bytes:
    """Return the profile of a partition as bytes."""
    parts = {_group_text(group): each for group, each in profile.groups.items()}
    return pack_profiles(parts, {"problems": dict(profile.problems)})


def unpack_partition(data: bytes) -> PartitionProfile:
    """Return the partition of `pack_partition`'s bytes; raises as `unpack_profiles`."""
    profiles, metadata = unpack_profiles(data)
    return PartitionProfile({_group(text): profile for text, profile in profiles.items()}, metadata["problems"])


def pack_profiles(profiles: Mapping[str, Profile], metadata: Mapping[str, Any]) -> bytes:
    """Return profiles by their key, with metadata that JSON can hold, as bytes."""
    return seal_table(_table(profiles), metadata)


def unpack_profiles(data: bytes) -> tuple[dict[str, Profile], dict[str, Any]]:
    """Return the profiles and the metadata of `pack_profiles`'s bytes.

    Raises:
        ValueError, LookupError, TypeError, pyarrow.ArrowException: when the content is not as it was packed.
    """
    table, metadata = open_sealed(data)
    return {table[_PART][row].as_py(): _profile(table, row) for row in range(table.num_rows)}, metadata


def _group_text(group: Group) -> str:
    return json.dumps([group.version, group.role, group.segment.column, group.segment.value])


def _group(text: str) -> Group:
    version, role, column, value = json.loads(text)
    return Group(version, role, Segment(column, value))


def _table(profiles: Mapping[str, Profile]) -> pa.Table:
    columns: dict[str, list[Any]] = {_PART: list(profiles)}
    for item in fields(Profile):
        values = [getattr(profile, item.name) for profile in profiles.values()]
        columns[item.name] = [json.dumps(value) if isinstance(value, Mapping) else value for value in values]
    return pa.table(columns, schema=_SCHEMA)


def _profile(table: pa.Table, row: int) -> Profile:
    return Profile(**{item.name: _value(table[item.name][row]) for item in fields(Profile)})


def _value(cell: pa.Scalar) -> Any:
    if pa.types.is_list(cell.type):
        return cell.values.to_numpy()
    plain = cell.as_py()
    return json.loads(plain) if isinstance(plain, str) else plain
