"""`leeway demo`: all of Leeway on one machine, without accounts and servers.

The demo has the log of a simulated fraud model in a folder, a feature that broke six hours ago, the real exporter, and
the generated rules, routes and dashboards; and Prometheus and Alertmanager, if they are installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from rich.console import Console
from rich.markup import escape

from exporter import catalogue, logs
from exporter.demo.findings import WindowFinding, findings, table
from exporter.demo.monitoring import (
    ALERTMANAGER,
    PROMETHEUS,
    AlertState,
    alert_states,
    alert_table,
    program,
    start_alertmanager,
    start_prometheus,
)
from exporter.demo.processes import Processes, free_port, get
from exporter.demo.scenario import BROKEN_FEATURE, BROKEN_FOR, FACTOR, FULL, MODEL, SPEC, Size, own_folder, world
from exporter.demo.simulation import write_log
from exporter.errors import LeewayError
from exporter.spec.loading import LoadedSpec, load_all
from exporter.spec.windows import newest_end

Render = Callable[[Sequence[LoadedSpec]], Mapping[PurePosixPath, str]]

_READY_SECONDS: Final = 120.0
_ALERT_SECONDS: Final = 30.0
EXPORTER_LOG: Final = "exporter.log"
_GRAPH: Final = f"graph?g0.expr={catalogue.FEATURE_PSI.name}&g0.tab=0&g0.range_input=15m"


@dataclass(frozen=True, slots=True)
class _Demo:
    """The settings that all steps of a demo share; `now` is None for the present."""

    console: Console
    folder: Path
    processes: Processes
    now: datetime | None
    stay: bool
    size: Size
    render: Render

    def say(self, text: str = "") -> None:
        self.console.print(text, soft_wrap=True)

    def name(self, *parts: str | PurePosixPath) -> str:
        """Return a path below the folder, escaped for rich."""
        return escape(str(self.folder.joinpath(*parts)))


def run(
    folder: Path,
    *,
    render: Render,
    now: datetime | None = None,
    keep_running: bool | None = None,
    size: Size = FULL,
    console: Console | None = None,
) -> int:
    """Run the demo.

    Args:
        folder: the working folder; it is created, and the files of an earlier demo are replaced.
        render: returns the generated documents for specs, as text by relative path.
        now: the time of the demo (aware); left out, the present.
        keep_running: whether to stay until Ctrl-C; left out, only on a terminal.
        size: the amount of simulated data.
        console: the console for output; left out, standard output.

    Returns:
        0; 130 on Ctrl-C before the demo is set up. All started programs have ended by then.

    Raises:
        UsageError: when the folder has other contents, or another demo runs in it.
        LeewayError: when a step fails, with the reason.
        SystemExit: on SIGTERM and SIGHUP, with 128 plus the signal's number, as in shells.
    """
    console = console or Console(highlight=False)
    stay = sys.stdout.isatty() if keep_running is None else keep_running
    try:
        with own_folder(folder), Processes() as processes:
            demo = _Demo(console, folder, processes, now, stay, size, render)
            _show(demo)
            if stay:
                _wait(demo)
    except OSError as problem:
        raise LeewayError(f"the demo cannot continue: {problem}") from problem
    except KeyboardInterrupt:
        return 130
    return 0


def _show(demo: _Demo) -> None:
    end = _simulate(demo)
    written = _generate(demo)
    exporter, windows = _start_exporter(demo)
    for window in windows:
        demo.say()
        demo.console.print(table(window))
    demo.say("\n" + summary(windows, end - BROKEN_FOR) + "\n")
    links = {"the exporter": f"http://{exporter}/", "its metrics": f"http://{exporter}/metrics"}
    _where_to_look(demo, links | _monitor(demo, exporter), written)
    _what_to_type(demo, exporter)


# ------------------------------------------------------------------------------------------------ the files


def _simulate(demo: _Demo) -> datetime:
    """Write the spec and the log; return the end of the newest hour that the exporter will read."""
    spec = demo.folder / "models" / "fraud.yaml"
    spec.parent.mkdir()
    spec.write_text(SPEC)
    (loaded,) = load_all([spec])
    inference, size = loaded.spec.spec.inference, demo.size
    end = newest_end(demo.now or datetime.now(UTC), inference.delay, inference.grain)
    demo.say(f"[bold]1. A fraud model's log[/bold] in {demo.name('log')}, {size.days} days until {end:%H:%M} UTC")
    demo.say(f"   {size.rate_per_hour:,.0f} predictions an hour, late labels, {size.training_rows:,} training rows.")
    demo.say(f"   Since {end - BROKEN_FOR:%H:%M} UTC {BROKEN_FEATURE} is {FACTOR - 1:.0%} too high, without any error.")
    # Future hours are written too, for a demo that keeps running; the exporter reads an hour only when it is over.
    start, until = end - timedelta(days=size.days), end + timedelta(hours=25 if demo.stay else 2)
    with logs.progress() as report:
        progress = partial(report, "simulating")
        write_log(world(end, size), demo.folder / "log", start, until, rows=size.training_rows, progress=progress)
    return end


def _generate(demo: _Demo) -> list[Path]:
    """Write the generated documents; return their paths."""
    demo.say(f"[bold]2. Rules, routes and dashboards[/bold] in {demo.name('build')}")
    documents = demo.render(load_all([demo.folder / "models"]))
    for name, text in documents.items():
        path = demo.folder / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    demo.say(f"   {len(documents)} files, generated from {demo.name('models', 'fraud.yaml')}.")
    return [demo.folder / "build" / name for name in documents]


# ------------------------------------------------------------------------------------------------ the exporter


def _start_exporter(demo: _Demo) -> tuple[str, list[WindowFinding]]:
    """Start the exporter on a free port; return its address, and its findings when it has read the log."""
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "exporter.cli",
        f"--config.file={demo.folder / 'models'}",
        f"--storage.path={demo.folder / 'data'}",
        f"--web.listen-address={address}",
        *([f"--now={demo.now.isoformat()}"] if demo.now else []),
    ]
    demo.say(f"[bold]3. The exporter[/bold] at http://{address}/")
    demo.say(f"   It reads the training data, then each hour of the log once; it logs to {demo.name(EXPORTER_LOG)}.")
    running = demo.processes.start("the exporter", command, demo.folder / EXPORTER_LOG, Path())
    with demo.console.status("reading"):
        demo.processes.until(
            lambda: get(f"http://{address}/-/ready"), within=_READY_SECONDS, what="the exporter to read its windows"
        )
    windows = findings(get(f"http://{address}/metrics") or "", MODEL)
    if not windows:
        raise LeewayError(
            f"the exporter exposes nothing about {MODEL}; its last lines ({running.log}):\n{running.tail()}"
        )
    return address, windows


def summary(windows: Sequence[WindowFinding], began: datetime) -> str:
    """Return one or two sentences about the drift in the windows."""
    drifted = {window.window: ", ".join(window.drifted) for window in windows if window.drifted}
    calm = [window.window for window in windows if not window.drifted]
    if not drifted:
        return "No drift."
    drift = "; ".join(f"over {window}: [bold red]{escape(names)}[/bold red]" for window, names in drifted.items())
    rest = f" No drift over {', '.join(calm)}: the hours since {began:%H:%M} UTC are only a small part." if calm else ""
    return f"Drift {drift}.{rest}"


# ------------------------------------------------------------------------------------------------ the alerts


def _monitor(demo: _Demo, exporter: str) -> dict[str, str]:
    """Start Prometheus and Alertmanager, if installed, and show the alerts; return the links to them."""
    binaries = {"Prometheus": program(PROMETHEUS), "Alertmanager": program(ALERTMANAGER)}
    present = " and ".join(name for name, binary in binaries.items() if binary)
    missing = " and ".join(name for name, binary in binaries.items() if not binary)
    if missing:
        demo.say(f"[bold]{missing} not found on PATH[/bold]: apt-get install prometheus prometheus-alertmanager")
    prometheus, alertmanager = binaries["Prometheus"], binaries["Alertmanager"]
    if prometheus is None:
        return {}
    demo.say(f"[bold]4. {present}[/bold] with the generated files")
    receiver = None
    if alertmanager:
        config = demo.folder / "build" / "alertmanager" / "alertmanager.yml"
        receiver = start_alertmanager(demo.processes, alertmanager, demo.folder / "alertmanager", config)
    address = start_prometheus(
        demo.processes,
        prometheus,
        demo.folder / "prometheus",
        scraped=exporter,
        rules="../build/rules/*.yaml",
        alertmanager=receiver,
    )
    _show_alerts(demo, address)
    links = {"the alerts": f"http://{address}/alerts", "a graph": f"http://{address}/{_GRAPH}"}
    return links | ({"Alertmanager": f"http://{receiver}/"} if receiver else {})


def _show_alerts(demo: _Demo, prometheus: str) -> None:
    wanted = catalogue.FEATURE_DRIFT_HIGH.name
    demo.say(f"   Scraping every 2 s; waiting for {wanted} to be pending, {_ALERT_SECONDS:.0f} s at most.\n")

    def drift_alerts() -> list[AlertState]:
        alerts = alert_states(prometheus)
        names = {alert.name for alert in alerts}
        # Before the first scrape, the rules report that the exporter is down.
        return alerts if wanted in names and catalogue.EXPORTER_DOWN.name not in names else []

    with demo.console.status(f"waiting for {wanted}"):
        alerts = demo.processes.until(drift_alerts, within=_ALERT_SECONDS, what=f"{wanted} to be pending")
    demo.console.print(alert_table(alerts))


# ------------------------------------------------------------------------------------------------ the end


def _where_to_look(demo: _Demo, links: Mapping[str, str], written: Sequence[Path]) -> None:
    demo.say("\n[bold]Where to look[/bold]")
    for name, url in links.items() if demo.stay else ():
        demo.say(f"   {name:14} {url}")
    for path in (demo.folder / "models" / "fraud.yaml", *written):
        demo.say(f"   {escape(str(path))}")


def _what_to_type(demo: _Demo, exporter: str) -> None:
    models, data, build = demo.name("models"), demo.name("data"), demo.name("build")
    query = f"curl -s http://{exporter}/metrics | grep {catalogue.FEATURE_PSI.name}"
    once = f"{_command('leeway-exporter')} --config.file={models} --storage.path={data} --once"
    demo.say("\n[bold]What to type next[/bold]")
    demo.say(f"   {query if demo.stay else once}")
    demo.say(f"   {_command('leeway')} check --out {build} {models}")
    demo.say(f"   {_command('leeway')} validate models")


def _command(name: str) -> str:
    """Return how to call one of our commands, with or without an active virtual environment."""
    return name if shutil.which(name) else os.path.relpath(Path(sys.executable).with_name(name))


def _wait(demo: _Demo) -> None:
    """Wait until Ctrl-C."""
    try:
        demo.say("\n[bold]Ctrl-C stops everything.[/bold]")
        demo.processes.until(lambda: None, within=float("inf"), what="Ctrl-C")
    except KeyboardInterrupt:
        demo.say("Stopping.")
