"""`leeway backtest`: how often a spec would have alerted, and how soon it would have detected faults.

A period of the model's own log is replayed through the exporter's own code. If the spec has a false-alarm budget, the
false-positive rate that keeps it is solved and written next to the spec, where exporter and generator read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from exporter.backtest import page
from exporter.backtest import report as backtest_report
from exporter.backtest.budget import alarms, evaluations_per_month, solve
from exporter.backtest.firing import AlertTiming
from exporter.backtest.injection import LABEL_KINDS, Injection, InjectionRequest, injections
from exporter.backtest.label_faults import label_injections
from exporter.backtest.replaying import Detection, Replay, Replayer, evaluation_times
from exporter.backtest.report import BacktestResult
from exporter.errors import UsageError
from exporter.service.references.source import local_days
from exporter.spec import solved
from exporter.spec.loading import LoadedSpec
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window, newest_end
from exporter.store.profiles import ProfileStore

Progress = Callable[[str, int, int], None]
"""Called with the current task, the number of finished steps, and their total."""

MIN_FOLLOW = timedelta(hours=24)
"""The minimum time after a fault in which an alert counts as its detection."""


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What to replay, and what to inject.

    `first` and `last` are days of the model's calendar, both included; the default is the four weeks until yesterday.
    `within` is the time in which a fault must be detected. With `keep` no rate is solved: the spec's own is used.
    """

    first: date | None = None
    last: date | None = None
    inject: Sequence[InjectionRequest] = ()
    within: timedelta = timedelta(hours=3)
    keep: bool = False


def run(
    loaded: LoadedSpec,
    options: BacktestOptions,
    *,
    now: datetime,
    alert_timings: Mapping[str, tuple[timedelta, timedelta]],
    storage: Path,
    report: Path | None,
    console: Console,
    progress: Progress,
) -> bool:
    """Backtest one model, and report on the console and optionally in files.

    Args:
        loaded: the model's spec, with the rate that an earlier backtest solved.
        options: what to replay, and what to inject.
        now: the present; nothing after it is replayed.
        alert_timings: `for` and `keep_firing_for` of each alert.
        storage: where profiles are stored between backtests, separate from an exporter's.
        report: the folder for `<model>.json` and `<model>.html`.
        console: the console for the tables.
        progress: called after each step.

    Returns:
        Whether the false-alarm budget, if any, is kept and every injected fault is detected in time.

    Raises:
        LeewayError: when the log cannot be replayed.
    """
    store = ProfileStore(storage / "backtest", forgets=False)
    timings = {name: AlertTiming(*timing) for name, timing in alert_timings.items()}
    replayer = Replayer.of(loaded, replay_period(loaded, options, now), store, timings)
    baseline, rate_solved = _baseline(replayer, options, progress)
    detections = _detections(replayer.with_spec(baseline.spec), baseline, options, progress)
    result = BacktestResult(loaded, baseline, detections, options.within)
    console.print(*backtest_report.tables(result), sep="\n")
    if rate_solved:
        _write_solved(loaded, baseline, console)
    if report is not None:
        _write_report(report, result, console)
    return result.ok


def replay_period(loaded: LoadedSpec, options: BacktestOptions, now: datetime) -> Window:
    """Return the hours to replay.

    Raises:
        UsageError: when the days are in the wrong order, or not over yet.
    """
    inference, zone = loaded.spec.spec.inference, ZoneInfo(loaded.spec.spec.seasonality.timezone)
    newest = newest_end(now, inference.delay, inference.grain)
    last = options.last or newest.astimezone(zone).date() - timedelta(days=1)
    first = options.first or last - timedelta(days=27)
    if first > last:
        raise UsageError(f"--from {first} is after --to {last}")
    period = local_days(first, last, zone, inference.grain)
    if period.end > newest:
        raise UsageError(f"--to {last}: that day is not over, or not logged yet, in {zone.key}")
    return period


def _baseline(replayer: Replayer, options: BacktestOptions, progress: Progress) -> tuple[Replay, bool]:
    """Replay without faults; return the replay and whether its false-positive rate is newly solved."""
    spec = replayer.loaded.spec
    budget = spec.spec.alerting.false_alarms

    def replay_at(rate: float) -> Replay:
        task = f"replaying at a rate of {rate:g}"
        return replayer.with_spec(solved.with_rate(spec, rate)).replay(lambda done, total: progress(task, done, total))

    if budget is not None and not options.keep:
        replay = solve(replay_at, budget, evaluations_per_month(spec))
        if replay is not None:
            return replay, True
    return replayer.replay(lambda done, total: progress("replaying", done, total)), False


def _detections(
    replayer: Replayer, baseline: Replay, options: BacktestOptions, progress: Progress
) -> tuple[Detection, ...]:
    """Inject every requested fault, one after the other."""
    faults = _injections(replayer, baseline, options)
    detections = []
    for done, fault in enumerate(faults, start=1):
        detections.append(replayer.detect(fault, baseline, max(MIN_FOLLOW, options.within)))
        progress("injecting", done, len(faults))
    return tuple(detections)


def _injections(replayer: Replayer, baseline: Replay, options: BacktestOptions) -> list[Injection]:
    if not options.inject:
        return []
    body, period = baseline.spec.spec, baseline.period
    times = evaluation_times(body.inference, period)
    middle = len(times) // 2
    reference = replayer.reference(times[middle])
    names = [feature.name for feature in body.features]
    score, cell = body.inference.columns.score, Calendar.of(body.seasonality).cell
    start = period.partitions(body.inference.grain)[middle]
    faults: list[Injection] = []
    for request in options.inject:
        of_labels = label_injections(request, body, start)
        faults += of_labels
        if request.kind not in LABEL_KINDS and not (of_labels and request.column):
            faults += injections(request, names, score, reference, middle=start, cell=cell)
    if outside := [fault for fault in faults if not period.start <= fault.start < period.end]:
        raise UsageError(f"--inject: {outside[0]} is outside of the replayed days")
    return faults


def _write_solved(loaded: LoadedSpec, baseline: Replay, console: Console) -> None:
    path, measured = solved.solved_path(loaded.path), alarms(baseline)
    details = {
        "from": f"{baseline.period.start:%Y-%m-%dT%H:%MZ}",
        "to": f"{baseline.period.end:%Y-%m-%dT%H:%MZ}",
        "pages_per_month": round(measured.pages, 2),
        "tickets_per_month": round(measured.tickets, 2),
    }
    _write(path, solved.text(baseline.spec.spec.thresholds.false_positive_rate, details))
    console.print(f"wrote {path}: keep it with the spec, and generate the rules again", soft_wrap=True)


def _write_report(folder: Path, result: BacktestResult, console: Console) -> None:
    name = result.loaded.spec.name
    for path, text in (
        (folder / f"{name}.json", backtest_report.json_text(result)),
        (folder / f"{name}.html", page.render(result)),
    ):
        _write(path, text)
        console.print(f"wrote {path}", soft_wrap=True)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"{path}: cannot be written: {problem.strerror}") from None
