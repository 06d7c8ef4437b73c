"""The units of systemd: checked by systemd itself where it is installed, and read by the programs' own parsers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from programs import parsed

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
PATHS = sorted(UNITS.iterdir())
UNIT = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
TARGETS = ("sysinit", "basic", "shutdown", "network-online", "multi-user")
EXPOSURE = 1.5
"""The exposure that systemd accepts here, from 0 to 10. What remains is the network, which the programs need."""


def settings(path: Path) -> dict[str, list[str]]:
    """The values of each key, in order; a value may go on after a backslash."""
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", "", path.read_text()).splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_there_is_a_unit_for_each_program_that_runs() -> None:
    assert [path.name for path in PATHS] == ["leeway-exporter.service", "leeway-retrain-hook.service"]


@UNIT
def test_the_program_has_these_flags_and_may_write_its_store_only(path: Path) -> None:
    unit = settings(path)
    [command], [state] = unit["ExecStart"], unit["StateDirectory"]
    options = parsed(command.split())
    assert str(getattr(options, "storage_path", None) or options.storage) == f"/var/lib/{state}"
    assert unit["ProtectSystem"] == ["strict"]
    assert not unit.keys() & {"ReadWritePaths", "AmbientCapabilities"}


@UNIT
def test_it_has_few_rights(path: Path) -> None:
    unit = settings(path)
    assert unit["User"] == ["leeway"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    families = {"AF_INET", "AF_INET6", "AF_UNIX"}
    assert set(unit["RestrictAddressFamilies"][0].split()) == families
    for key in (
        "NoNewPrivileges",
        "PrivateTmp",
        "PrivateDevices",
        "ProtectHome",
        "RestrictNamespaces",
        "LockPersonality",
    ):
        assert unit[key] == ["yes"], key
    if shutil.which("systemd-analyze"):
        report = _systemd("security", "--offline=true", str(path))
        [exposure] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", report)
        assert float(exposure) <= EXPOSURE


@UNIT
def test_systemd_takes_every_line(path: Path, tmp_path: Path) -> None:
    assert {line for line in path.read_text().splitlines() if line.startswith("[")} == {
        "[Unit]",
        "[Service]",
        "[Install]",
    }
    if shutil.which("systemd-analyze"):
        assert _verified(path.read_text(), path.name, tmp_path) == ""
        assert "Unknown key" in _verified(path.read_text().replace("UMask", "Umask"), path.name, tmp_path)


def _verified(text: str, name: str, root: Path) -> str:
    """What systemd says of a unit, on a machine that has the programs that it starts, and the usual targets."""
    units = root / "etc" / "systemd" / "system"
    units.mkdir(parents=True, exist_ok=True)
    for target in TARGETS:
        (units / f"{target}.target").write_text("[Unit]\n")
    (units / name).write_text(text)
    for program in ("opt/leeway/bin/leeway", "opt/leeway/bin/leeway-exporter", "bin/kill"):
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).touch(mode=0o755)
    return _systemd("verify", f"--root={root}", "--man=no", name)


def _systemd(*arguments: str) -> str:
    command = ["systemd-analyze", "--no-pager", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
