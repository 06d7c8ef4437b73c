"""The page at `/`: each model with its windows, rows, age and last error, as plain HTML without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from exporter import catalogue
from exporter.service.html.frame import page
from exporter.service.model_state import ModelState


def render(states: Mapping[str, ModelState], mistakes: Sequence[str] = (), metrics: str = "/metrics") -> str:
    """Return the page as HTML, with the mistakes of rejected specs first; every value is escaped."""
    rejected = _table(("rejected specs",), [(each,) for each in mistakes]) if mistakes else ""
    models = "".join(_model(state) for _, state in sorted(states.items())) or "<p>No models are loaded.</p>"
    return page(
        "Leeway",
        f'<h1>Leeway</h1><p><a href="{escape(metrics.lstrip("/"))}">Metrics</a> · <a href="runbooks">Runbooks</a> ·'
        ' <a href="-/healthy">healthy</a> · <a href="-/ready">ready</a></p>'
        f"{rejected}{models}",
    )


def _model(state: ModelState) -> str:
    spec = state.loaded.spec
    summary = f"{spec.spec.task.replace('_', ' ')}, team {spec.metadata.team}, spec {spec.fingerprint()}"
    return f"<h2>{escape(spec.name)}</h2><p>{escape(summary)}</p>{_outcome(state)}{_windows(state)}{_problems(state)}"


def _outcome(state: ModelState) -> str:
    if state.succeeded is None:
        return "<p>The first refresh is running.</p>"
    if state.succeeded:
        when = f"{state.last_success:%Y-%m-%d %H:%M:%S} UTC" if state.last_success else "unknown"
        return f'<p class="good">Refreshed at {when} in {state.duration or 0:.1f} s.</p>'
    return f'<p class="bad">The last refresh failed: {escape(state.error)}</p>'


def _windows(state: ModelState) -> str:
    ends = _by_window(state, catalogue.WINDOW_END_TIMESTAMP_SECONDS)
    rows = _by_window(state, catalogue.WINDOW_ROWS)
    if not ends:
        return ""
    lines = [
        (name, f"{int(rows.get(name, 0)):,}", f"{datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC")
        for name, end in ends.items()
    ]
    return _table(("window", "rows", "end"), lines)


def _by_window(state: ModelState, metric: catalogue.Metric) -> dict[str, float]:
    position = metric.labels.index(catalogue.WINDOW)
    return {sample.labels[position]: sample.value for sample in state.samples if sample.metric is metric}


def _problems(state: ModelState) -> str:
    problems = dict(state.reader.problems) if state.reader else {}
    notes = dict(state.reader.notes) if state.reader else {}
    tables = ((("problem", "reason"), problems), (("note", "meaning"), notes))
    return "".join(_table(titles, sorted(lines.items())) for titles, lines in tables if lines)


def _table(titles: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in titles)
    body = "".join(
        "<tr>" + "".join(f'<td class="number">{escape(text)}</td>' for text in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
