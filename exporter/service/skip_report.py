"""The files that one model's sources leave out, as its log, its status page and its metrics report them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from exporter import catalogue
from exporter.errors import SourceUnavailable
from exporter.samples.windows import Sample
from exporter.service.attempt import Record
from exporter.sources.skipping import SkippingSource
from exporter.sources.source import Source


class SkipReport:
    """Reports the skipped files of one model. One thread at a time may use it."""

    def __init__(self, record: Record, sources: Mapping[str, Source]) -> None:
        """Nothing is tried yet.

        Args:
            record: the model's; a file that is tried in vain is a failure of the stage `read`, once per refresh.
            sources: by stream; those without files report nothing.
        """
        self._record = record
        self._sources = {stream: source for stream, source in sources.items() if isinstance(source, SkippingSource)}
        self._samples: list[Sample] = []

    @contextmanager
    def refresh(self) -> Iterator[None]:
        """A context of one refresh: files that were refused are tried again at its start, and reported at its end."""
        for source in self._sources.values():
            with suppress(SourceUnavailable):  # the refresh will find that out itself
                source.retry_skipped()
        try:
            yield
        except BaseException:
            self._report()
            raise
        for source in self._sources.values():
            source.skipped.finish()
        self._report()

    def samples(self) -> Iterator[Sample]:
        """Yield how many files were left out at the end of the last refresh, by stream and reason."""
        yield from self._samples

    def _report(self) -> None:
        for source in self._sources.values():
            for path, why in source.skipped.take_new().items():
                self._record.fail("read", *_named(path, why))
            self._record.problems |= dict(_named(path, why) for path, why in source.skipped.problems.items())
        self._samples = [
            Sample(catalogue.FILES_SKIPPED, (self._record.model, stream, reason), count)
            for stream, source in self._sources.items()
            for reason, count in sorted(source.skipped.counts.items())
        ]


def _named(path: str, why: str) -> tuple[str, str]:
    """Return what is reported, and the reason without the path that it begins with."""
    return f"skipped file {path}", why.removeprefix(f"{path}: ")
