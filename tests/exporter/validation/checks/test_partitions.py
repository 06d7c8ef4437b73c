from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa

from exporter.validation.checks.partitions import partition_findings
from sampled import HOUR, NOW, START, brief, log_of, partition

WANTED = tuple(START - hours * HOUR for hours in range(47, -1, -1))
LOG = replace(log_of(pa.table({"a": [1]})), wanted=WANTED, partitions={start: partition(start) for start in WANTED})
STALE = timedelta(hours=3, minutes=10)


def test_a_complete_log_has_a_note_on_its_newest_partition() -> None:
    (finding,) = partition_findings(LOG, NOW, STALE)
    assert brief([finding]) == ["note newest"]
    assert finding.message == (
        "the newest of 48 partitions is 2026-11-22T09:00Z, which ended 5m ago (1 file, 100 bytes)"
    )


def test_no_partition_is_an_error_with_what_lies_there() -> None:
    (finding,) = partition_findings(replace(LOG, partitions={}, nearby="; x/ has a.csv"), NOW, STALE)
    assert brief([finding]) == ["error no_partitions"]
    assert finding.message == ("no partition from 2026-11-20 10:00 UTC to 2026-11-22 10:00 UTC at log/%Y; x/ has a.csv")


def test_gaps_of_the_last_day_are_listed() -> None:
    gone = {START - 3 * HOUR, START - 5 * HOUR, START - 30 * HOUR}
    log = replace(LOG, partitions={start: each for start, each in LOG.partitions.items() if start not in gone})
    found = list(partition_findings(log, NOW, STALE))
    assert brief(found) == ["note newest", "warning gaps"]
    assert found[1].message == "2 of the last day's partitions missing: 2026-11-22 04:00 UTC, 2026-11-22 06:00 UTC"
    assert brief(partition_findings(log, NOW, None)) == ["note newest", "note gaps"]


def test_an_old_newest_partition_is_late_then_stale() -> None:
    def found(hours: int) -> list[str]:
        kept = {start: each for start, each in LOG.partitions.items() if start <= START - hours * HOUR}
        return brief(partition_findings(replace(LOG, partitions=kept), NOW, STALE))

    assert found(1) == ["warning newest_missing"]
    assert found(4) == ["error stale"]


def test_a_young_log_has_no_gaps_before_its_first_partition() -> None:
    young = {start: LOG.partitions[start] for start in WANTED[-2:]}
    assert brief(partition_findings(replace(LOG, partitions=young), NOW, STALE)) == ["note newest"]


def test_a_log_that_could_not_be_listed_has_no_finding_here() -> None:
    assert list(partition_findings(replace(LOG, failure="denied"), NOW, STALE)) == []
