"""The cut of a release: which version may follow, and what is written."""

from __future__ import annotations

import re
import runpy
import shutil
from datetime import date
from pathlib import Path

import pytest

from exporter.installation import VERSION

ROOT = Path(__file__).resolve().parents[2]
CUTTER = runpy.run_path(str(ROOT / "docs" / "changelog.py"))
main, cut, read = CUTTER["main"], CUTTER["cut"], CUTTER["Version"].read
DAY = date(2026, 12, 1)
FIXED, ADDED, BROKEN = "### Fixed\n\n- a\n", "### Added\n\n- b\n", "### Fixed\n\n- **[CHANGE]** c\n"


def text(unreleased: str, last: str | None) -> str:
    released = f"\n## {last} - 2026-11-01\n\n- old\n" if last else ""
    return f"# Changelog\n\n## Unreleased\n\n{unreleased}{released}"


@pytest.mark.parametrize(
    ("last", "unreleased", "version", "allowed"),
    [
        (None, BROKEN, "0.1.0", ""),
        ("0.1.0", FIXED, "0.1.1", ""),
        ("0.1.0", FIXED, "0.2.0", ""),
        ("0.1.0", FIXED, "0.1.0", "0.1.1, 0.2.0, 1.0.0"),
        ("0.1.0", FIXED, "0.1.3", "0.1.1, 0.2.0, 1.0.0"),
        ("0.1.0", ADDED, "0.1.1", "0.2.0, 1.0.0"),
        ("0.1.0", BROKEN, "0.1.1", "0.2.0, 1.0.0"),
        ("0.1.9", BROKEN, "0.2.0", ""),
        ("1.9.0", ADDED, "1.10.0", ""),
        ("1.9.0", BROKEN, "1.10.0", "2.0.0"),
        ("1.9.0", BROKEN, "2.0.0", ""),
    ],
)
def test_a_version_follows_the_last_as_its_changes_demand(
    last: str | None, unreleased: str, version: str, allowed: str
) -> None:
    before = text(unreleased, last)
    if allowed:
        with pytest.raises(ValueError, match=f"take one of {re.escape(allowed)}$"):
            cut(before, read(version), DAY)
    else:
        cut_once = cut(before, read(version), DAY)
        assert cut_once == before.replace("## Unreleased\n", f"## Unreleased\n\n## {version} - 2026-12-01\n")
        with pytest.raises(ValueError, match="nothing is under ## Unreleased"):
            cut(cut_once, read(version), DAY)


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.3", "1.2.3rc1", "01.2.3"])
def test_what_is_no_version_changes_nothing(version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(version, tmp_path) == 1
    assert capsys.readouterr().err == f"{version!r} is not a version such as 1.2.3\n"


def test_a_release_is_written_into_the_changelog_the_code_and_what_is_deployed(tmp_path: Path) -> None:
    for folder in ("exporter", "docs"):
        (tmp_path / folder).mkdir()
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copy(ROOT / "docs" / "deployment.md", tmp_path / "docs")
    (tmp_path / "CHANGELOG.md").write_text(text(ADDED, "1.2.3"))
    code = (ROOT / "exporter" / "installation.py").read_text()
    (tmp_path / "exporter" / "installation.py").write_text(code)
    assert main("1.3.0", tmp_path) == 0
    assert "\n## 1.3.0 - 20" in (tmp_path / "CHANGELOG.md").read_text()
    written = runpy.run_path(str(tmp_path / "exporter" / "installation.py"))
    assert written["VERSION"] == "1.3.0"
    deployed = [path for path in [*(tmp_path / "deploy").rglob("*"), *(tmp_path / "docs").iterdir()] if path.is_file()]
    named = [path.relative_to(tmp_path).name for path in deployed if "1.3.0" in path.read_text()]
    assert {"Chart.yaml", "statefulset.yaml", "compose.yaml", "Containerfile", "deployment.md"} <= set(named)
    assert [path for path in deployed if VERSION in path.read_text()] == []
    assert (tmp_path / "exporter" / "installation.py").read_text().count("\n") == code.count("\n")
