"""References, on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from exporter.profiles.binning import Binning
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.packing import pack_profiles, unpack_profiles
from exporter.profiles.profile import Profile
from exporter.reference.reference import HourProfiles, Reference
from exporter.spec.seasons import Level
from exporter.store.profiles import Key, ProfileStore


def save_reference(store: ProfileStore, key: Key, reference: Reference) -> None:
    """Save a reference with its binning, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    metadata = {
        "problems": dict(reference.problems),
        "binning": reference.binning.to_json(),
        "weeks": [
            [segment.column, segment.value, cell, weeks]
            for segment, of_segment in reference.parts.items()
            for cell, weeks in of_segment.weeks.items()
        ],
        "levels": list(reference.levels),
        "stretches": reference.stretches,
    }
    parts = {
        json.dumps([segment.column, segment.value, cell]): profile
        for segment, of_segment in reference.parts.items()
        for cell, profile in of_segment.by_cell.items()
    }
    store.save(key, pack_profiles(parts, metadata))


def load_reference(store: ProfileStore, key: Key) -> Reference | None:
    """Return the reference that is stored under a key, or None."""
    return store.load(key, lambda data: _reference(*unpack_profiles(data)))


def _reference(profiles: Mapping[str, Profile], metadata: Mapping[str, Any]) -> Reference:
    by_cell: dict[Segment, dict[int, Profile]] = {WHOLE: {}}
    weeks: dict[Segment, dict[int, int]] = {WHOLE: {}}
    for text, profile in profiles.items():
        column, value, cell = json.loads(text)
        by_cell.setdefault(Segment(column, value), {})[cell] = profile
    for column, value, cell, number in metadata["weeks"]:
        weeks.setdefault(Segment(column, value), {})[cell] = number
    parts = {segment: HourProfiles(each, weeks.get(segment, {})) for segment, each in by_cell.items()}
    whole = parts.pop(WHOLE)
    return Reference(
        binning=Binning.from_json(metadata["binning"]),
        by_cell=whole.by_cell,
        weeks=whole.weeks,
        levels=tuple(map(Level, metadata["levels"])),
        stretches=metadata["stretches"],
        problems=metadata["problems"],
        segments=parts,
    )
