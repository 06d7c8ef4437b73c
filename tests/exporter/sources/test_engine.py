from __future__ import annotations

from pathlib import Path

import pytest

from exporter.sources.engine import CountingSource, quoted
from exporter.sources.source import Stream
from exporter.sources.stores.local import Local
from exporter.sources.tables.bigquery import BigQuery
from exporter.sources.tables.bigquery_jobs import JobTerms


def test_identifiers_are_quoted() -> None:
    assert quoted("Größe in cm") == "`Größe in cm`"


@pytest.mark.parametrize("name", ["", "a`b", "a\\", "a\nb", "`; DROP TABLE x; --"])
def test_invalid_identifiers_are_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be an identifier"):
        quoted(name)


def test_only_an_engine_is_a_counting_source() -> None:
    table = BigQuery("a.b.c", JobTerms(None, {}, 1), Stream("fraud", "inference"), whole=False)
    assert isinstance(table, CountingSource)
    assert not isinstance(Local("x", Path("/")), CountingSource)
