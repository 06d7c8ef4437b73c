"""The wheel: its commands work from an environment in which other packages have the names of the project's folders."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from uv import find_uv_bin

from exporter import catalogue
from exporter.installation import VERSION
from fraud_log import FraudLog
from generator.jsonnet import LIBRARY

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
FOREIGN = ("exporter", "generator", "rules")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, the packages of this one, and foreign packages of our folders' names."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(LIBRARY)).build(directory=str(folder), versions=["standard"])
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"leeway_exporter", f"leeway_exporter-{VERSION}.dist-info"}
    uv, made = find_uv_bin(), folder / "environment"
    subprocess.run([uv, "venv", "--quiet", "--offline", made], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", made, wheel], check=True)
    (packages,) = made.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    for name in FOREIGN:
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text(f"raise ImportError('a foreign {name}')")
    return made


def run(environment: Path, command: str, *arguments: str) -> str:
    """The standard output of a command of the environment, in a folder without the project."""
    shown = subprocess.run(
        [environment / "bin" / command, *arguments],
        cwd=environment,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_its_commands_work_beside_foreign_packages(
    environment: Path, tmp_path: Path, write_local_spec: Callable[..., Path]
) -> None:
    assert "leeway generate --out build models/" in run(environment, "leeway", "--help")
    spec = write_local_spec(windows=["1h"])
    written = run(environment, "leeway", "generate", f"--out={tmp_path / 'build'}", str(spec))
    assert re.search(r"^\d+ written, 0 unchanged, 0 removed$", written, flags=re.MULTILINE)
    assert (tmp_path / "build/mixin.libsonnet").exists()
    FraudLog.in_folder(spec.parent, NOW).put_all(1)
    flags = (f"--config.file={spec}", f"--storage.path={tmp_path / 'data'}", f"--now={NOW.isoformat()}", "--once")
    assert f'{catalogue.BUILD_INFO.name}{{version="{VERSION}"}} 1.0' in run(environment, "leeway-exporter", *flags)
