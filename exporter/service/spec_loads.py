"""The result of the last load of the specs, and its samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exporter import catalogue
from exporter.errors import LeewayError
from exporter.samples.windows import Sample
from exporter.spec.loading import LoadedSpec, RejectedSpec


@dataclass(frozen=True, slots=True)
class SpecLoads:
    """The result of the last load of the specs.

    A rejected file does not affect the others. A model that was loaded from it before stays as it was.
    """

    rejected: tuple[RejectedSpec, ...] = ()
    refusal: LeewayError | None = None
    """Why no spec at all could be loaded, so that every model stays as it was; None if one could."""
    last_success: datetime | None = None
    """When the specs were last loaded without any error; None if never."""

    @property
    def succeeded(self) -> bool:
        """Whether every spec was loaded."""
        return not self.rejected and self.refusal is None

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Every mistake of the files that were rejected, or why no spec at all could be loaded."""
        if self.refusal is not None:
            return tuple(str(self.refusal).splitlines())
        return tuple(str(problem) for each in self.rejected for problem in each.problems)

    @property
    def rejected_paths(self) -> frozenset[Path]:
        """The files whose specs were rejected."""
        return frozenset(each.path for each in self.rejected)

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """The constant labels of the models in rejected files, by name."""
        return {each.metadata.name: each.metadata.labels for each in self.rejected if each.metadata}

    def samples(self, in_use: Iterable[LoadedSpec]) -> Iterator[Sample]:
        """Yield the samples about the load; `in_use` are the specs of all models."""
        yield Sample(catalogue.SPEC_RELOAD_SUCCESS, (), self.succeeded)
        if self.last_success is not None:
            yield Sample(catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS, (), self.last_success.timestamp())
        failed, names = self.rejected_paths, dict[Path, str]()
        for loaded in in_use:
            names[loaded.path] = loaded.spec.name
            success = self.refusal is None and loaded.path not in failed
            yield Sample(catalogue.SPEC_LOAD_SUCCESS, (loaded.spec.name, loaded.path.name), success)
        for each in self.rejected:
            if each.path not in names:
                name = each.metadata.name if each.metadata else ""
                yield Sample(catalogue.SPEC_LOAD_SUCCESS, (name, each.path.name), 0)
