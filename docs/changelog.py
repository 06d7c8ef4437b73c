"""Cut a release: check the new version against what is unreleased, and write it into the changelog, code and `deploy/`.

usage: docs/changelog.py VERSION
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

_UNRELEASED = "## Unreleased\n"
_BREAKING = "**[CHANGE]**"
_RELEASED = re.compile(r"^## (\d+\.\d+\.\d+) - ", re.MULTILINE)
_NAMED = re.compile(r'(\bleeway:|\b(?:app)?[vV]ersion: "?)\d+\.\d+\.\d+\b')
"""The version in the name of the image, or as that of the chart."""


class Version(NamedTuple):
    """A version as Semantic Versioning has it, without pre-releases."""

    major: int
    minor: int
    patch: int

    @classmethod
    def read(cls, text: str) -> Version:
        """Return the version that a text is.

        Raises:
            ValueError: it is none.
        """
        if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", text):
            raise ValueError(f"{text!r} is not a version such as 1.2.3")
        return cls(*map(int, text.split(".")))

    def __str__(self) -> str:
        return ".".join(map(str, self))

    def followers(self) -> dict[str, Version]:
        """Return the versions that may follow this one, by what they may hold; before 1.0 a minor version may break."""
        major, minor, patch = self
        fixes, features = Version(major, minor, patch + 1), Version(major, minor + 1, 0)
        breaking = Version(major + 1, 0, 0) if major else features
        return {"fixes": fixes, "features": features, "breaking changes": breaking}


def cut(changelog: str, version: Version, day: date) -> str:
    """Return the changelog with what is unreleased under a version.

    Raises:
        ValueError: nothing is unreleased, or the version does not follow the last one as its changes demand.
    """
    before, heading, after = changelog.partition(_UNRELEASED)
    unreleased = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]
    if not heading or not re.search(r"^- ", unreleased, re.MULTILINE):
        raise ValueError("nothing is under ## Unreleased in the changelog")
    if released := _RELEASED.search(changelog):
        last = Version.read(released[1])
        kind = _kind(unreleased)
        least, allowed = last.followers()[kind], {*last.followers().values(), Version(last.major + 1, 0, 0)}
        if version < least or version not in allowed:
            known = ", ".join(str(each) for each in sorted(allowed) if each >= least)
            raise ValueError(f"{version} cannot follow {last} with {kind}: take one of {known}")
    return f"{before}{_UNRELEASED}\n## {version} - {day.isoformat()}\n{after}"


def _kind(unreleased: str) -> str:
    if _BREAKING in unreleased:
        return "breaking changes"
    return "features" if "### Added\n" in unreleased or "### Changed\n" in unreleased else "fixes"


def main(text: str, root: Path = ROOT) -> int:
    """Write the version into the changelog, the code and `deploy/` below a folder; return an exit code."""
    changelog, code = root / "CHANGELOG.md", root / "exporter" / "installation.py"
    try:
        version = Version.read(text)
        cut_text = cut(changelog.read_text(), version, datetime.now(UTC).date())
    except ValueError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    changelog.write_text(cut_text)
    code.write_text(re.sub('(?m)^VERSION: Final = ".*"$', f'VERSION: Final = "{version}"', code.read_text()))
    for path in [*(root / "deploy").rglob("*"), root / "docs" / "deployment.md"]:
        if path.is_file():
            path.write_text(_NAMED.sub(rf"\g<1>{version}", path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
