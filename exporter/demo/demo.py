"""`leeway demo`: the whole of Leeway at work on one machine, without an account and without a server of one's own.

A simulated fraud model's log in a folder, a feature that broke six hours ago, the real exporter, the generated rules,
routes and dashboards; and, where the machine has them, Prometheus and Alertmanager.
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
class _Stage:
    """What the steps of a demo have in common; `now` is None for the present."""

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
        """A path below the folder, as rich wants it."""
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
        folder: where it works; it is made, and what an earlier demo left there is replaced.
        render: makes the generated documents from the specs, as text by relative path.
        now: when the demo takes place (aware); left out, the present.
        keep_running: stay until Ctrl-C; left out, only on a terminal.
        size: how much is simulated.
        console: where to tell of it; left out, standard output.

    Returns:
        0; 130 when Ctrl-C came before the demo was set up. All that was started has ended by then.

    Raises:
        UsageError: when the folder holds something else, or another demo runs in it.
        LeewayError: when something did not work, with what.
        SystemExit: on SIGTERM and SIGHUP, with 128 and the signal's number, as shells have it.
    """
    console = console or Console(highlight=False)
    stay = sys.stdout.isatty() if keep_running is None else keep_running
    try:
        with own_folder(folder), Processes() as processes:
            stage = _Stage(console, folder, processes, now, stay, size, render)
            _show(stage)
            if stay:
                _wait(stage)
    except OSError as problem:
        raise LeewayError(f"the demo cannot go on: {problem}") from problem
    except KeyboardInterrupt:
        return 130
    return 0


def _show(stage: _Stage) -> None:
    end = _simulate(stage)
    written = _generate(stage)
    exporter, found = _start_exporter(stage)
    for window in found:
        stage.say()
        stage.console.print(table(window))
    stage.say("\n" + verdict(found, end - BROKEN_FOR) + "\n")
    links = {"the exporter": f"http://{exporter}/", "its metrics": f"http://{exporter}/metrics"}
    _where_to_look(stage, links | _monitor(stage, exporter), written)
    _what_to_type(stage, exporter)


# ------------------------------------------------------------------------------------------------ the files


def _simulate(stage: _Stage) -> datetime:
    """Write the spec and the log; the end of the newest hour that the exporter will read."""
    spec = stage.folder / "models" / "fraud.yaml"
    spec.parent.mkdir()
    spec.write_text(SPEC)
    (loaded,) = load_all([spec])
    inference, size = loaded.spec.spec.inference, stage.size
    end = newest_end(stage.now or datetime.now(UTC), inference.delay, inference.grain)
    stage.say(f"[bold]1. A fraud model's log[/bold] in {stage.name('log')}, {size.days} days until {end:%H:%M} UTC")
    stage.say(f"   {size.rate_per_hour:,.0f} predictions an hour, late labels, {size.training_rows:,} training rows.")
    stage.say(f"   Since {end - BROKEN_FOR:%H:%M} UTC {BROKEN_FEATURE} is {FACTOR - 1:.0%} too high; nothing fails.")
    # Hours to come are written too: the exporter reads an hour only once it is over, so a demo that is left running
    # goes on having data for a day.
    start, until = end - timedelta(days=size.days), end + timedelta(hours=25 if stage.stay else 2)
    with logs.progress() as told:
        progress = partial(told, "simulating")
        write_log(world(end, size), stage.folder / "log", start, until, rows=size.training_rows, progress=progress)
    return end


def _generate(stage: _Stage) -> list[Path]:
    """Write the generated documents; their paths."""
    stage.say(f"[bold]2. Rules, routes and dashboards[/bold] in {stage.name('build')}")
    documents = stage.render(load_all([stage.folder / "models"]))
    for name, text in documents.items():
        path = stage.folder / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    stage.say(f"   {len(documents)} files, generated from {stage.name('models', 'fraud.yaml')}.")
    return [stage.folder / "build" / name for name in documents]


# ------------------------------------------------------------------------------------------------ the exporter


def _start_exporter(stage: _Stage) -> tuple[str, list[WindowFinding]]:
    """Start the exporter on a free port; its host and port, and what it found, once it has read the log."""
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "exporter.cli",
        f"--config.file={stage.folder / 'models'}",
        f"--storage.path={stage.folder / 'data'}",
        f"--web.listen-address={address}",
        *([f"--now={stage.now.isoformat()}"] if stage.now else []),
    ]
    stage.say(f"[bold]3. The exporter[/bold] at http://{address}/")
    stage.say(f"   It reads the training data, then each hour of the log once; it logs to {stage.name(EXPORTER_LOG)}.")
    running = stage.processes.start("the exporter", command, stage.folder / EXPORTER_LOG, Path())
    with stage.console.status("reading"):
        stage.processes.until(
            lambda: get(f"http://{address}/-/ready"), within=_READY_SECONDS, what="the exporter to read its windows"
        )
    found = findings(get(f"http://{address}/metrics") or "", MODEL)
    if not found:
        raise LeewayError(
            f"the exporter finds nothing to tell of {MODEL}; its last lines ({running.log}):\n{running.tail()}"
        )
    return address, found


def verdict(found: Sequence[WindowFinding], began: datetime) -> str:
    """In a sentence or two, what the windows say."""
    drifted = {window.window: ", ".join(window.drifted) for window in found if window.drifted}
    calm = [window.window for window in found if not window.drifted]
    if not drifted:
        return "Nothing has drifted."
    told = "; ".join(f"over {window}: [bold red]{escape(names)}[/bold red]" for window, names in drifted.items())
    rest = f" Still calm: {', '.join(calm)}, in which the hours since {began:%H:%M} UTC weigh little." if calm else ""
    return f"Drifted {told}.{rest}"


# ------------------------------------------------------------------------------------------------ the alerts


def _monitor(stage: _Stage, exporter: str) -> dict[str, str]:
    """Start Prometheus and Alertmanager, where there are, and show the alerts; the links to them."""
    binaries = {"Prometheus": program(PROMETHEUS), "Alertmanager": program(ALERTMANAGER)}
    present = " and ".join(name for name, binary in binaries.items() if binary)
    missing = " and ".join(name for name, binary in binaries.items() if not binary)
    if missing:
        stage.say(f"[bold]{missing} not found on PATH[/bold]: apt-get install prometheus prometheus-alertmanager")
    prometheus, alertmanager = binaries["Prometheus"], binaries["Alertmanager"]
    if prometheus is None:
        return {}
    stage.say(f"[bold]4. {present}[/bold] with the generated files")
    receiver = None
    if alertmanager:
        config = stage.folder / "build" / "alertmanager" / "alertmanager.yml"
        receiver = start_alertmanager(stage.processes, alertmanager, stage.folder / "alertmanager", config)
    address = start_prometheus(
        stage.processes,
        prometheus,
        stage.folder / "prometheus",
        scraped=exporter,
        rules="../build/rules/*.yaml",
        alertmanager=receiver,
    )
    _show_alerts(stage, address)
    links = {"the alerts": f"http://{address}/alerts", "a graph": f"http://{address}/{_GRAPH}"}
    return links | ({"Alertmanager": f"http://{receiver}/"} if receiver else {})


def _show_alerts(stage: _Stage, prometheus: str) -> None:
    wanted = catalogue.FEATURE_DRIFT_HIGH.name
    stage.say(f"   Scraping every 2 s; waiting for {wanted} to be pending, {_ALERT_SECONDS:.0f} s at most.\n")

    def drift_alerts() -> list[AlertState]:
        alerts = alert_states(prometheus)
        names = {alert.name for alert in alerts}
        # Rules that are evaluated before the first scrape find no exporter; that passes.
        return alerts if wanted in names and catalogue.EXPORTER_DOWN.name not in names else []

    with stage.console.status(f"waiting for {wanted}"):
        alerts = stage.processes.until(drift_alerts, within=_ALERT_SECONDS, what=f"{wanted} to be pending")
    stage.console.print(alert_table(alerts))


# ------------------------------------------------------------------------------------------------ the end


def _where_to_look(stage: _Stage, links: Mapping[str, str], written: Sequence[Path]) -> None:
    stage.say("\n[bold]Where to look[/bold]")
    for name, url in links.items() if stage.stay else ():
        stage.say(f"   {name:14} {url}")
    for path in (stage.folder / "models" / "fraud.yaml", *written):
        stage.say(f"   {escape(str(path))}")


def _what_to_type(stage: _Stage, exporter: str) -> None:
    models, data, build = stage.name("models"), stage.name("data"), stage.name("build")
    ask = f"curl -s http://{exporter}/metrics | grep {catalogue.FEATURE_PSI.name}"
    once = f"{_command('leeway-exporter')} --config.file={models} --storage.path={data} --once"
    stage.say("\n[bold]What to type next[/bold]")
    stage.say(f"   {ask if stage.stay else once}")
    stage.say(f"   {_command('leeway')} check --out {build} {models}")
    stage.say(f"   {_command('leeway')} validate models")


def _command(name: str) -> str:
    """How a person here calls one of our commands, whether or not the virtual environment is active."""
    return name if shutil.which(name) else os.path.relpath(Path(sys.executable).with_name(name))


def _wait(stage: _Stage) -> None:
    """Stay until Ctrl-C."""
    try:
        stage.say("\n[bold]Ctrl-C stops everything.[/bold]")
        stage.processes.until(lambda: None, within=float("inf"), what="Ctrl-C")
    except KeyboardInterrupt:
        stage.say("Stopping.")
