"""Every error that Leeway raises on purpose.

LeewayError
├── SpecError            a spec cannot be used: it has every problem that was found, each with its place
├── UsageError           the command line or the environment asks for something impossible
├── SourceError          data could not be read from a source
│   ├── SourceUnavailable    the source did not answer, refused or throttled: another try may succeed
│   │   └── FileUnavailable      the store refuses one file: another try may succeed, and other files are not affected
│   └── PartitionUnreadable  the data are corrupt or have the wrong shape: another try fails again
│       └── FileUnreadable       one file is corrupt or has changed: other files are not affected
├── ReferenceUnusable     the reference is empty, or lacks the columns that the spec names
└── RenderError          the generator could not render a document
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LeewayError(Exception):
    """The base class: an error that Leeway raises on purpose, with a message for the user."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a spec.

    `file` is the path as the user gave it. `line` counts from 1; 0 means that no line applies. `path` is the key path,
    such as `spec.slos[0].objective`; it is empty for the whole document. `message` says what is wrong and what to do.
    """

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """Return for example `models/fraud.yaml:23: spec.slos[0].objective: must be between 0 and 1`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class SpecError(LeewayError):
    """A spec cannot be used; `problems` has every mistake, in the order of the lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(LeewayError):
    """The command line or the environment asks for something impossible."""


class SourceError(LeewayError):
    """Data could not be read from a source."""


class SourceUnavailable(SourceError):  # noqa: N818 - named after a state
    """The source did not answer, refused or throttled; another try may succeed."""


class PartitionUnreadable(SourceError):  # noqa: N818
    """A partition's data are corrupt, truncated or of the wrong shape; another try fails again."""


class SkipReason(StrEnum):
    """Why a file is left out."""

    CORRUPT = "corrupt"  # of another format, truncated or damaged
    CHANGED = "changed"  # deleted or rewritten since it was listed
    DENIED = "denied"  # the store refuses it to this user
    ARCHIVED = "archived"  # it must be restored before it can be read


class FileUnavailable(SourceUnavailable):
    """The store refuses one file and not others; another try may succeed."""

    def __init__(self, message: str, reason: SkipReason = SkipReason.DENIED) -> None:
        super().__init__(message)
        self.reason = reason


class FileUnreadable(PartitionUnreadable):
    """One file is corrupt, or is no longer what was listed."""

    def __init__(self, message: str, reason: SkipReason = SkipReason.CORRUPT) -> None:
        super().__init__(message)
        self.reason = reason


class ReferenceUnusable(LeewayError):  # noqa: N818
    """The reference is empty, or lacks the columns that the spec names."""


class RenderError(LeewayError):
    """The generator could not render a document."""
