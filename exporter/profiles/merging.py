"""Profiles of pieces of a partition, merged into the profile that one reading of the partition gives.

Counts are exact. The limits on names hold for the whole as for one reading: pieces name more new categories than a
saved profile, and versions and roles beyond the limit are merged once all are known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce

from exporter.profiles.binning import Binning
from exporter.profiles.group import Group, unsegmented
from exporter.profiles.grouping import MAX_ROLES, MAX_VERSIONS, OTHER_ROLES, OTHER_VERSIONS, Grouping
from exporter.profiles.kernel import NOVEL_TRACKED, PartitionProfile, profile_partition
from exporter.profiles.packing import pack_partition, unpack_partition
from exporter.profiles.profile import NOVEL_KEPT, Profile, most_frequent
from exporter.sources.reducing import Portion, Reduction
from exporter.sources.source import Batch


def partition_reduction(binning: Binning, grouping: Grouping) -> Reduction[PartitionProfile]:
    """Return how a partition is counted in pieces; see `profile_partition` and `limit_novel_of_groups`."""
    count = partial(_piece, binning=binning, grouping=grouping)
    return Reduction(count, merge_partition_profiles, pack_partition, unpack_partition)


def merge_partition_profiles(parts: Sequence[PartitionProfile]) -> PartitionProfile:
    """Return the profile of some pieces together, in their order."""
    profiles = [(group, profile) for part in parts for group, profile in part.groups.items()]
    rows = Counter[Group]()
    for group, profile in profiles:
        rows[group] += profile.rows
    rename = _renaming(rows)
    groups: dict[Group, list[Profile]] = {}
    for group, profile in profiles:
        groups.setdefault(rename(group), []).append(profile)
    problems = {column: why for part in parts for column, why in part.problems.items()}
    return PartitionProfile({group: sum_profiles(each) for group, each in groups.items()}, problems)


def limit_novel_of_groups(profile: PartitionProfile) -> PartitionProfile:
    """Return a partition's profile as it is saved, with only its most frequent new categories named."""
    return PartitionProfile({group: limit_novel(each) for group, each in profile.groups.items()}, profile.problems)


def limit_novel(profile: Profile, limit: int = NOVEL_KEPT) -> Profile:
    """Return the same profile, with fewer new categories named."""
    novel = {column: most_frequent(names, limit) for column, names in profile.novel.items()}
    return replace(profile, novel=novel)


def sum_profiles(profiles: Sequence[Profile]) -> Profile:
    """Return the sum of profiles, at least one, which names as many new categories as the kernel tracks."""
    novel: dict[str, Counter[str]] = {}
    for profile in profiles:
        for column, names in profile.novel.items():
            novel.setdefault(column, Counter()).update(names)
    total = reduce(Profile.__add__, (replace(profile, novel={}) for profile in profiles))
    return limit_novel(replace(total, novel=novel), NOVEL_TRACKED)


def _piece(batches: Iterator[Batch], _: Portion, *, binning: Binning, grouping: Grouping) -> PartitionProfile:
    return profile_partition(batches, binning, grouping, NOVEL_TRACKED)


def _renaming(rows: Counter[Group]) -> Callable[[Group], Group]:
    """Return how each group is renamed so that versions and roles are within their limits."""
    whole = unsegmented(rows)
    versions = _names_within_limit(((group.version, rows[group]) for group in whole), MAX_VERSIONS, OTHER_VERSIONS)
    roles = _names_within_limit(((group.role, rows[group]) for group in whole), MAX_ROLES, OTHER_ROLES)
    return lambda group: replace(
        group,
        version=group.version if group.version in versions else OTHER_VERSIONS,
        role=group.role if group.role in roles else OTHER_ROLES,
    )


def _names_within_limit(rows: Iterable[tuple[str, int]], limit: int, other: str) -> set[str]:
    counts = Counter[str]()
    for name, number in rows:
        counts[name] += number
    counts.pop(other, None)
    return {other, *most_frequent(counts, limit)}
