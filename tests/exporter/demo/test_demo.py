"""The demo as the user sees it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path, PurePosixPath

import pytest
from rich.console import Console

from exporter import catalogue
from exporter.demo.demo import run, summary
from exporter.demo.findings import FeatureFinding, WindowFinding
from exporter.demo.processes import get
from exporter.demo.scenario import Size
from exporter.errors import LeewayError
from exporter.spec.loading import LoadedSpec
from generator.commands.demo import _render as render

SMALL = Size(rate_per_hour=2000, days=2, training_rows=50_000)  # fewer rows an hour would be noisier than the demo is


def show(folder: Path, **settings: object) -> str:
    """Run a small demo to its end; return its output."""
    out = StringIO()
    console = Console(file=out, width=100, highlight=False)
    code = run(folder, render=render, keep_running=False, console=console, **{"size": SMALL} | settings)  # type: ignore[arg-type] # run's own
    assert code == 0
    return out.getvalue()


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the rows of the tables by their first cell; the first table's row for a duplicate."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            found.setdefault(cells[0], cells[1:])
    return found


@pytest.mark.e2e
def test_the_demo_detects_the_drift_and_stops_its_programs(tmp_path: Path) -> None:
    text = show(tmp_path / "demo")
    rows = rows_of(text)

    assert rows["txn_count_7d"][-1] == "DRIFTED"
    assert [rows[name][-1] for name in ("age", "credit_balance", "country_code", "device_type")] == ["ok"] * 4
    assert rows[catalogue.DATA_DRIFT_HIGH.name][:2] == ["firing", "10m"]
    assert rows[catalogue.FEATURE_DRIFT_HIGH.name][1] == "12m"
    assert "firing → fraud-page" in text
    assert re.search(r"http://127\.0\.0\.1:\d+/runbooks/MLDataDriftHigh\?model=fraud", text)
    assert "Drift over 1h: txn_count_7d." in text
    assert f"drift share 0.233 ABOVE its threshold {0.2:.3f}" in text
    addresses = re.findall(r"http://127\.0\.0\.1:\d+/", text)
    assert addresses
    assert [get(address) for address in addresses] == [None] * len(addresses)
    named = re.findall(rf"^   ({re.escape(str(tmp_path))}\S+)$", text, re.MULTILINE)
    assert len(named) > 5
    assert all(Path(name).is_file() for name in named)


@pytest.mark.e2e
def test_without_prometheus_the_output_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    text = show(tmp_path / "demo", now=datetime(2026, 11, 21, 17, 5, tzinfo=UTC), size=Size(200, 1, 5000))

    assert "Prometheus and Alertmanager not found on PATH: apt-get install prometheus prometheus-alertmanager" in text
    assert "until 2026-11-21 16:00 UTC" in text
    assert "page:" not in (tmp_path / "demo" / "models" / "fraud.yaml").read_text()


def test_a_failing_exporter_is_reported_with_its_reason(tmp_path: Path) -> None:
    def spoil(specs: Sequence[LoadedSpec], _: str) -> Mapping[PurePosixPath, str]:
        specs[0].path.write_text("kind: Nonsense\n")
        return {}

    with pytest.raises(LeewayError, match=r"the exporter ended with exit code 1(.|\n)*fraud\.yaml"):
        run(
            tmp_path / "demo",
            render=spoil,
            keep_running=False,
            size=Size(10, 1, 100),
            console=Console(file=StringIO()),
        )


def test_an_exporter_without_findings_is_reported_with_its_reason(tmp_path: Path) -> None:
    def lose(specs: Sequence[LoadedSpec], _: str) -> Mapping[PurePosixPath, str]:
        for path in (specs[0].folder.parent / "log" / "reference").iterdir():
            path.unlink()
        return {}

    with pytest.raises(LeewayError, match=r"exposes nothing about fraud(.|\n)*train_features_v3\.parquet"):
        run(tmp_path / "demo", render=lose, keep_running=False, size=Size(10, 1, 100), console=Console(file=StringIO()))


def test_a_disk_error_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LeewayError, match="the demo cannot continue"):
        run(tmp_path / "file" / "demo", render=render, keep_running=False)


STAYING = """
import sys
from pathlib import Path
from exporter.demo.demo import run
from exporter.demo.scenario import Size
sys.exit(run(Path("demo"), render=lambda specs, exporter: {}, keep_running=True, size=Size(50, 1, 1000)))
"""


@pytest.mark.e2e
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_the_demo_runs_until_a_signal(tmp_path: Path, number: signal.Signals, code: int) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-c", STAYING],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )
    output = ""
    with demo:
        try:
            for line in demo.stdout or ():
                output += line
                if "Ctrl-C stops everything" in line:
                    break
            (address,) = set(re.findall(r"http://127\.0\.0\.1:\d+/(?= |$)", output, re.MULTILINE))
            assert get(address), output
        finally:
            demo.send_signal(number)
            rest, _ = demo.communicate(timeout=30)

    assert demo.returncode == code, rest
    assert get(address) is None


# ------------------------------------------------------------------------------------------------ the verdict


def window(name: str, *drifted: str) -> WindowFinding:
    features = tuple(FeatureFinding(feature, 1.0, 0.2, None, None, 0.0, drifted=True) for feature in drifted)
    return WindowFinding(name, "v3", None, 100, None, None, None, None, features)


BEGAN = datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_the_summary_names_windows_with_and_without_drift() -> None:
    assert summary([window("1h", "age", "b[i]g"), window("7d")], BEGAN) == (
        r"Drift over 1h: [bold red]age, b\[i]g[/bold red]. No drift over 7d: the hours since 06:00 UTC are"
        " only a small part."
    )


def test_the_summary_without_drift() -> None:
    assert summary([window("1h"), window("7d")], BEGAN) == "No drift."
