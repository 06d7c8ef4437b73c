"""Every error that Leeway raises on purpose.

LeewayError
├── SpecError            a spec cannot be used: carries every problem found, each with its place
├── UsageError           the command line or the environment asks for what cannot be done
├── SourceError          data could not be had
│   ├── SourceUnavailable    the store did not answer, refused or throttled: worth another try
│   └── PartitionUnreadable  the data are there and are not what they should be: trying again does not help
├── ReferenceUnusable     the reference cannot serve: empty, or without the columns that the spec names
└── RenderError          the generator could not produce a document
"""

from __future__ import annotations

from dataclasses import dataclass


class LeewayError(Exception):
    """The root: whatever Leeway raises on purpose, with a message for a person."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a spec.

    `file` is as the user named it, `line` counts from 1 (0 where no line applies), `path` is the key path such as
    `spec.slos[0].objective` (empty for the whole document), `message` says what is wrong and what to do.
    """

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """`models/fraud.yaml:23: spec.slos[0].objective: must be between 0 and 1`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class SpecError(LeewayError):
    """A spec cannot be used; `problems` holds everything that is wrong with it, in the order of its lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(LeewayError):
    """The command line or the environment asks for what cannot be done."""


class SourceError(LeewayError):
    """Data could not be had from a source."""


class SourceUnavailable(SourceError):  # noqa: N818 - a state of the world, named as one
    """The store did not answer, refused or throttled; another try may succeed."""


class PartitionUnreadable(SourceError):  # noqa: N818
    """A partition's data are corrupt, truncated or of the wrong shape; another try gives the same."""


class ReferenceUnusable(LeewayError):  # noqa: N818
    """The reference cannot serve: empty, or without the columns that the spec names."""


class RenderError(LeewayError):
    """The generator could not produce a document."""
