"""`leeway demo`: all of Leeway on one machine, without accounts and servers.

The demo has the log of a simulated fraud model in a folder, a feature that broke six hours ago, the real exporter, and
the generated rules, routes and dashboards; and Prometheus, Alertmanager and a receiver of pages, if they are installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from rich.console import Console
from rich.markup import escape

from exporter import catalogue, logs
from exporter.demo.findings import WindowFinding, findings, table
from exporter.demo.hurry import hurried_copy
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
from exporter.demo.receiver import Page, Pages, alert_names, panel, receiver
from exporter.demo.scenario import (
    BROKEN_FEATURE,
    BROKEN_FOR,
    FACTOR,
    FULL,
    MODEL,
    NOW,
    Size,
    own_folder,
    spec_text,
    world,
)
from exporter.demo.simulation import write_log
from exporter.errors import LeewayError
from exporter.installation import FOLDER
from exporter.spec.loading import LoadedSpec, load_all
from exporter.spec.windows import newest_end

Render = Callable[[Sequence[LoadedSpec], str], Mapping[PurePosixPath, str]]
"""Returns the generated documents for specs and an exporter's `host:port`, as text by relative path."""

_WIDTH: Final = 100
_START: Final = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); from exporter.cli import main; sys.exit(main())"
"""Runs the exporter in another Python, which does not find an installed one by itself."""
_READY_SECONDS: Final = 120.0
_ALERT_SECONDS: Final = 60.0
EXPORTER_LOG: Final = "exporter.log"
_GRAPH: Final = f"graph?g0.expr={catalogue.FEATURE_PSI.name}&g0.tab=0&g0.range_input=15m"


@dataclass(frozen=True, slots=True)
class _Demo:
    """The settings that all steps of a demo share; `exporter` is its address, `pages` is None without Alertmanager."""

    console: Console
    folder: Path
    processes: Processes
    now: datetime
    stay: bool
    size: Size
    render: Render
    exporter: str
    pages: Pages | None

    def say(self, text: str = "") -> None:
        self.console.print(text, soft_wrap=True)

    def name(self, *parts: str | PurePosixPath) -> str:
        """Return a path below the folder, escaped for rich."""
        return escape(str(self.folder.joinpath(*parts)))


def run(
    folder: Path,
    *,
    render: Render,
    now: datetime = NOW,
    keep_running: bool | None = None,
    size: Size = FULL,
    console: Console | None = None,
) -> int:
    """Run the demo.

    Args:
        folder: the working folder; it is created, and the files of an earlier demo are replaced.
        render: returns the generated documents.
        now: the time of the demo (aware).
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
    terminal = sys.stdout.isatty()
    console = console or Console(width=None if terminal else _WIDTH, highlight=False)
    stay = terminal if keep_running is None else keep_running
    try:
        with own_folder(folder), Processes() as processes, ExitStack() as stack:
            pages = stack.enter_context(receiver()) if program(PROMETHEUS) and program(ALERTMANAGER) else None
            exporter = f"127.0.0.1:{free_port()}"
            demo = _Demo(console, folder, processes, now, stay, size, render, exporter, pages)
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
    windows = _start_exporter(demo)
    for window in windows:
        demo.say()
        demo.console.print(table(window))
    demo.say("\n" + summary(windows, end - BROKEN_FOR) + "\n")
    pages = {"the exporter": "", "its metrics": "metrics", "runbooks": "runbooks"}
    links = {name: f"http://{demo.exporter}/{path}" for name, path in pages.items()}
    _where_to_look(demo, links | _monitor(demo), written)
    _what_to_type(demo)


# ------------------------------------------------------------------------------------------------ the files


def _simulate(demo: _Demo) -> datetime:
    """Write the spec and the log; return the end of the newest hour that the exporter will read."""
    spec = demo.folder / "models" / "fraud.yaml"
    spec.parent.mkdir()
    spec.write_text(spec_text(demo.pages.url if demo.pages else None))
    (loaded,) = load_all([spec])
    inference, size = loaded.spec.spec.inference, demo.size
    end = newest_end(demo.now, inference.delay, inference.grain)
    demo.say(
        f"[bold]1. A fraud model's log[/bold] in {demo.name('log')}, {size.days} days until {end:%Y-%m-%d %H:%M} UTC"
    )
    demo.say(f"   {size.rate_per_hour:,.0f} predictions an hour, late labels, {size.training_rows:,} training rows.")
    demo.say(f"   Since {end - BROKEN_FOR:%H:%M} UTC {BROKEN_FEATURE} is {FACTOR - 1:.0%} too high, without any error.")
    start = end - timedelta(days=size.days)
    with logs.progress() as report:
        progress = partial(report, "simulating")
        write_log(world(end, size), demo.folder / "log", start, end, rows=size.training_rows, progress=progress)
    return end


def _generate(demo: _Demo) -> list[Path]:
    """Write the generated documents; return their paths."""
    demo.say(f"[bold]2. Rules, routes and dashboards[/bold] in {demo.name('build')}")
    documents = demo.render(load_all([demo.folder / "models"]), demo.exporter)
    for name, text in documents.items():
        path = demo.folder / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    demo.say(f"   {len(documents)} files, generated from {demo.name('models', 'fraud.yaml')}.")
    return [demo.folder / "build" / name for name in documents]


# ------------------------------------------------------------------------------------------------ the exporter


def _start_exporter(demo: _Demo) -> list[WindowFinding]:
    """Start the exporter; return its findings when it has read the log."""
    address = demo.exporter
    command: list[str | Path] = [
        *(sys.executable, "-c", _START),
        f"--config.file={demo.folder / 'models'}",
        f"--storage.path={demo.folder / 'data'}",
        f"--web.listen-address={address}",
        f"--now={demo.now.isoformat()}",
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
    return windows


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


def _monitor(demo: _Demo) -> dict[str, str]:
    """Start Prometheus and Alertmanager, if installed, and show what they do; return the links to them."""
    binaries = {"Prometheus": program(PROMETHEUS), "Alertmanager": program(ALERTMANAGER)}
    present = " and ".join(name for name, binary in binaries.items() if binary)
    missing = " and ".join(name for name, binary in binaries.items() if not binary)
    if missing:
        demo.say(f"[bold]{missing} not found on PATH[/bold]: apt-get install prometheus prometheus-alertmanager")
    prometheus, alertmanager = binaries["Prometheus"], binaries["Alertmanager"]
    if prometheus is None:
        return {}
    demo.say(f"[bold]4. {present}[/bold] with the generated files; here a minute of waiting is only a second")
    build, sender = demo.folder / "build", None
    if alertmanager:
        config = hurried_copy(build / "alertmanager" / "alertmanager.yml", demo.folder / "alertmanager" / "config.json")
        sender = start_alertmanager(demo.processes, alertmanager, config.parent, config)
    folder = demo.folder / "prometheus"
    for rules in (build / "rules").glob("*.yaml"):
        hurried_copy(rules, folder / "rules" / f"{rules.stem}.json")
    address = start_prometheus(
        demo.processes, prometheus, folder, scraped=demo.exporter, rules="rules/*.json", alertmanager=sender
    )
    _show_alerts(demo, address)
    links = {"the alerts": f"http://{address}/alerts", "a graph": f"http://{address}/{_GRAPH}"}
    return links | ({"Alertmanager": f"http://{sender}/"} if sender else {})


def _show_alerts(demo: _Demo, prometheus: str) -> None:
    """Show the page that arrives, if there is a receiver, and then the alerts behind it."""
    wanted, pages = catalogue.DATA_DRIFT_HIGH.name, list[Page]()

    def firing() -> list[AlertState]:
        alerts = alert_states(prometheus)
        return alerts if any(alert.name == wanted and alert.state == "firing" for alert in alerts) else []

    def paged() -> bool:
        pages.extend(demo.pages.take() if demo.pages else ())
        return any(wanted in alert_names(page) for page in pages)

    with demo.console.status(f"waiting for {wanted} to fire"):
        alerts = demo.processes.until(firing, within=_ALERT_SECONDS, what=f"{wanted} to fire")
        if demo.pages:
            demo.processes.until(paged, within=_ALERT_SECONDS, what="the page")
    for page in pages:
        demo.console.print(panel(page))
    demo.console.print(alert_table(alerts))


# ------------------------------------------------------------------------------------------------ the end


def _where_to_look(demo: _Demo, links: Mapping[str, str], written: Sequence[Path]) -> None:
    demo.say("\n[bold]Where to look[/bold]")
    for name, url in links.items() if demo.stay else ():
        demo.say(f"   {name:14} {url}")
    for path in (demo.folder / "models" / "fraud.yaml", *written):
        demo.say(f"   {escape(str(path))}")


def _what_to_type(demo: _Demo) -> None:
    models, data, build = demo.name("models"), demo.name("data"), demo.name("build")
    query = f"curl -s http://{demo.exporter}/metrics | grep {catalogue.FEATURE_PSI.name}"
    once = f"{_command('leeway-exporter')} --config.file={models} --storage.path={data} --once --now={_instant(demo)}"
    demo.say("\n[bold]What to type next[/bold]")
    demo.say(f"   {query if demo.stay else once}")
    demo.say(f"   {_command('leeway')} check --out {build} {models}")
    demo.say(f"   {_command('leeway')} validate {models}")


def _instant(demo: _Demo) -> str:
    return f"{demo.now:%Y-%m-%dT%H:%M:%SZ}"


def _command(name: str) -> str:
    """Return how to call one of our commands, with or without an active virtual environment."""
    return name if shutil.which(name) else os.path.relpath(Path(sys.executable).with_name(name))


def _wait(demo: _Demo) -> None:
    """Wait until Ctrl-C."""

    def show_pages() -> None:
        for page in demo.pages.take() if demo.pages else ():
            demo.console.print(panel(page))

    try:
        demo.say("\n[bold]Ctrl-C stops everything.[/bold]")
        demo.processes.until(show_pages, within=float("inf"), what="Ctrl-C")
    except KeyboardInterrupt:
        demo.say("Stopping.")
