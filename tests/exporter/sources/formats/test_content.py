from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources.formats.content import content_errors, one_line, repeated_columns
from exporter.sources.source import StoredObject
from text_logs import PLACE, SELECTED


class TestReading:
    @contextmanager
    def judged(self, verdict: SourceError | None) -> Iterator[None]:
        with content_errors(StoredObject(PLACE, 1, "tag"), lambda item, error: verdict):
            yield

    def test_an_error_of_the_store_is_passed_on(self) -> None:
        with pytest.raises(SourceUnavailable, match=r"^busy$"), self.judged(SourceUnavailable("busy")):
            raise OSError("AWS Error")

    def test_other_errors_mean_unreadable_content(self) -> None:
        with (
            pytest.raises(PartitionUnreadable, match=f"^{PLACE}: cannot be read as Parquet: odd thing$"),
            self.judged(None),
        ):
            raise OSError("odd\n thing")

    def test_a_deleted_file_is_unreadable_in_every_store(self) -> None:
        with (
            pytest.raises(PartitionUnreadable, match=f"^{PLACE}: was deleted after it was listed$"),
            self.judged(SourceUnavailable("busy")),
        ):
            raise FileNotFoundError

    def test_other_exceptions_are_not_translated(self) -> None:
        with pytest.raises(SourceUnavailable, match=r"^ours$"), self.judged(None):
            raise SourceUnavailable("ours")
        with pytest.raises(ZeroDivisionError), self.judged(None):
            raise ZeroDivisionError

    def test_a_message_is_one_line_of_bounded_length(self) -> None:
        assert one_line(ValueError("a\n  b\tc")) == "a b c"
        assert len(one_line(ValueError("x" * 10_000))) == 500


def test_repeated_names_matter_only_where_they_are_selected() -> None:
    assert repeated_columns(["a", "a", "age"], SELECTED) == {}
    found = repeated_columns(["id", "age", "age", "age", "id"], SELECTED)
    assert found == {"id": "2 columns have this name", "age": "3 columns have this name"}
