"""`leeway backtest`: how often would this spec have alarmed, and how soon would it have seen what is wrong?

A stretch of the model's own log is replayed through the exporter's own code. Where the spec has a false-alarm budget,
the false-positive rate that keeps it is solved and written beside the spec, where exporter and generator read it.
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
from exporter.backtest.budget import alarms, evaluations, solve
from exporter.backtest.firing import AlertTiming
from exporter.backtest.injection import InjectionRequest, injections
from exporter.backtest.replaying import Detection, Replay, Replayer, moments
from exporter.backtest.report import BacktestResult
from exporter.errors import UsageError
from exporter.service.reference_source import local_days
from exporter.spec import solved
from exporter.spec.loading import LoadedSpec
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window, newest_end
from exporter.store.profiles import ProfileStore

Progress = Callable[[str, int, int], None]
"""Told what is being done, how far it is, and of how many."""

FOLLOW = timedelta(hours=24)
"""How long after a fault an alert is waited for, at least."""


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What a person wants to know.

    `first` and `last` are days of the model's own calendar, both included; None stands for the four weeks until
    yesterday. `within` is how soon a fault must be seen. With `keep` nothing is solved: the spec is judged as it is.
    """

    first: date | None = None
    last: date | None = None
    inject: Sequence[InjectionRequest] = ()
    within: timedelta = timedelta(hours=3)
    keep: bool = False


def run(
    loaded: LoadedSpec,
    question: BacktestOptions,
    *,
    now: datetime,
    alert_timings: Mapping[str, tuple[timedelta, timedelta]],
    storage: Path,
    report: Path | None,
    console: Console,
    told: Progress,
) -> bool:
    """Answer a question about one model, on the console and, where asked for, in files.

    Args:
        loaded: the model's spec; what has been solved for it before stands beside it.
        question: what to replay, and what to inject.
        now: the present; nothing after it is replayed.
        alert_timings: each alert's `for` and `keep_firing_for`.
        storage: where profiles are kept from one backtest to the next, apart from an exporter's.
        report: the folder that gets `<model>.json` and `<model>.html`.
        console: where the tables go.
        told: progress.

    Returns:
        Whether the false-alarm budget, if there is one, is kept and every injected fault was seen in time.

    Raises:
        LeewayError: when the log cannot be replayed.
    """
    store = ProfileStore(storage / "backtest", forgets=False)
    pace = {name: AlertTiming(*pair) for name, pair in alert_timings.items()}
    replayer = Replayer.of(loaded, stretch(loaded, question, now), store, pace)
    calm, rate_solved = _calm(replayer, question, told)
    outcome = BacktestResult(
        loaded, calm, tuple(_sightings(replayer.under(calm.spec), calm, question, told)), question.within
    )
    console.print(*backtest_report.tables(outcome), sep="\n")
    if rate_solved:
        _write_solved(loaded, calm, console)
    if report is not None:
        _write_report(report, outcome, console)
    return outcome.ok


def stretch(loaded: LoadedSpec, question: BacktestOptions, now: datetime) -> Window:
    """The hours to replay.

    Raises:
        UsageError: when the days are in the wrong order, or not over yet.
    """
    inference, zone = loaded.spec.spec.inference, ZoneInfo(loaded.spec.spec.seasonality.timezone)
    newest = newest_end(now, inference.delay, inference.grain)
    last = question.last or newest.astimezone(zone).date() - timedelta(days=1)
    first = question.first or last - timedelta(days=27)
    if first > last:
        raise UsageError(f"--from {first} is after --to {last}")
    found = local_days(first, last, zone, inference.grain)
    if found.end > newest:
        raise UsageError(f"--to {last}: that day is not over, or not logged yet, in {zone.key}")
    return found


def _calm(replayer: Replayer, question: BacktestOptions, told: Progress) -> tuple[Replay, bool]:
    """The replay to report, and whether its rate is newly solved."""
    spec = replayer.loaded.spec
    budget = spec.spec.alerting.false_alarms

    def replay_at(rate: float) -> Replay:
        what = f"replaying at a rate of {rate:g}"
        return replayer.under(solved.with_rate(spec, rate)).replay(lambda done, total: told(what, done, total))

    if budget is not None and not question.keep:
        found = solve(replay_at, budget, evaluations(spec))
        if found is not None:
            return found, True
    return replayer.replay(lambda done, total: told("replaying", done, total)), False


def _sightings(replayer: Replayer, calm: Replay, question: BacktestOptions, told: Progress) -> list[Detection]:
    if not question.inject:
        return []
    body = calm.spec.spec
    times = moments(body.inference, calm.stretch)
    middle = calm.stretch.partitions(body.inference.grain)[len(times) // 2]
    reference = replayer.reference(times[len(times) // 2])
    names = [feature.name for feature in body.features]
    score, cell = body.inference.columns.score, Calendar.of(body.seasonality).cell
    wanted = [
        one
        for request in question.inject
        for one in injections(request, names, score, reference, middle=middle, cell=cell)
    ]
    if late := [one for one in wanted if not calm.stretch.start <= one.start < calm.stretch.end]:
        raise UsageError(f"--inject: {late[0]} is outside of the days that are replayed")
    found = []
    for done, injection in enumerate(wanted, start=1):
        found.append(replayer.sight(injection, calm, max(FOLLOW, question.within)))
        told("injecting", done, len(wanted))
    return found


def _write_solved(loaded: LoadedSpec, calm: Replay, console: Console) -> None:
    path, found = solved.solved_path(loaded.path), alarms(calm)
    measured = {
        "from": f"{calm.stretch.start:%Y-%m-%dT%H:%MZ}",
        "to": f"{calm.stretch.end:%Y-%m-%dT%H:%MZ}",
        "pages_per_month": round(found.pages, 2),
        "tickets_per_month": round(found.tickets, 2),
    }
    _write(path, solved.text(calm.spec.spec.thresholds.false_positive_rate, measured))
    console.print(f"wrote {path}: keep it with the spec, and generate the rules again", soft_wrap=True)


def _write_report(folder: Path, outcome: BacktestResult, console: Console) -> None:
    name = outcome.loaded.spec.name
    for path, text in (
        (folder / f"{name}.json", backtest_report.json_text(outcome)),
        (folder / f"{name}.html", page.render(outcome)),
    ):
        _write(path, text)
        console.print(f"wrote {path}", soft_wrap=True)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"{path}: cannot be written: {problem.strerror}") from None
