"""The refresh loop: each model on its own."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import catalogue
from exporter.errors import Problem, UsageError
from exporter.samples.windows import Sample
from exporter.service import publishing, refresh
from exporter.service.attempt import Attempt
from exporter.service.refresh import Refresher
from exporter.spec.loading import LoadedSpec, RejectedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.sections.metadata import Metadata
from exporter.store.profiles import ProfileStore
from fraud_log import REFERENCE_KEY, FraudLog, local_spec_document
from stack import until

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path) -> FraudLog:
    log = FraudLog.in_folder(tmp_path, NOW)
    log.put_all(2)
    return log


def _spec(folder: Path, name: str = "fraud", **body: Any) -> LoadedSpec:
    document = local_spec_document(**{"windows": ["1h", "2h"], **body})
    document["metadata"]["name"] = name
    return LoadedSpec(folder / f"{name}.yaml", ModelSpec.model_validate(document))


@pytest.fixture
def made() -> Iterator[list[Refresher]]:
    refreshers: list[Refresher] = []
    yield refreshers
    for refresher in refreshers:
        refresher.stop()


def _refresher(made: list[Refresher], folder: Path, clock: Clock, *specs: LoadedSpec) -> Refresher:
    made.append(Refresher(specs, ProfileStore(folder / "store"), clock=clock))
    return made[-1]


def _exposed(refresher: Refresher, metric: catalogue.Metric) -> dict[str, float]:
    """The values of a metric by model; of several series of a model, the greatest."""
    assert refresher.snapshot is not None
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(refresher.snapshot.text.decode()):
        for sample in family.samples:
            if sample.name == metric.name:
                model = sample.labels.get(catalogue.MODEL, "")
                values[model] = max(sample.value, values.get(model, sample.value))
    return values


def test_nothing_is_exposed_before_the_first_refresh(tmp_path: Path, log: FraudLog, clock: Clock, made: Any) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path))
    assert refresher.snapshot is None
    assert not refresher.ready
    refresher.refresh_all()
    assert refresher.ready
    assert _exposed(refresher, catalogue.REFRESH_SUCCESS) == {"fraud": 1}
    assert _exposed(refresher, catalogue.MODEL_INFO) == {"fraud": 1}


def test_a_model_that_fails_leaves_the_others_alone(tmp_path: Path, log: FraudLog, clock: Clock, made: Any) -> None:
    lost = _spec(tmp_path, "lost", reference={"source": {"local": "nowhere.parquet"}})
    refresher = _refresher(made, tmp_path, clock, lost, _spec(tmp_path))
    refresher.refresh_all()
    assert _exposed(refresher, catalogue.REFRESH_SUCCESS) == {"fraud": 1, "lost": 0}
    assert _exposed(refresher, catalogue.MODEL_INFO) == {"fraud": 1, "lost": 1}
    assert set(_exposed(refresher, catalogue.FEATURE_PSI)) == {"fraud"}
    assert _exposed(refresher, catalogue.REFRESH_FAILURES_TOTAL) == {"fraud": 0, "lost": 1}
    assert "nowhere.parquet" in refresher.states["lost"].error


def test_a_bug_in_one_model_is_logged_and_costs_only_that_model(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path), _spec(tmp_path, "broken"))
    reader = refresher.states["broken"].reader
    assert reader is not None
    monkeypatch.setattr(reader, "read", lambda attempt: 1 / 0)
    refresher.refresh_all()
    assert _exposed(refresher, catalogue.REFRESH_SUCCESS) == {"fraud": 1, "broken": 0}
    assert "ZeroDivisionError" in refresher.states["broken"].error


def test_a_source_whose_client_is_missing_fails_with_its_reason(
    tmp_path: Path, clock: Clock, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud", None)
    for name in ("exporter.sources.tables.bigquery", "exporter.sources.tables.bigquery_jobs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    table = {"source": {"bigquery": "acme-data.ml.train"}}
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path, reference=table))
    refresher.refresh_all()
    assert _exposed(refresher, catalogue.REFRESH_SUCCESS) == {"fraud": 0}
    assert "run: pip install" in refresher.states["fraud"].error


def test_old_values_stay_until_they_are_stale(tmp_path: Path, log: FraudLog, clock: Clock, made: Any) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path))
    refresher.refresh_all()
    (tmp_path / REFERENCE_KEY).unlink()
    end = datetime(2026, 11, 22, 10, tzinfo=UTC)

    clock.now = end + timedelta(hours=12)
    refresher.refresh_all()
    assert _exposed(refresher, catalogue.REFRESH_SUCCESS) == {"fraud": 0}
    assert "fraud" in _exposed(refresher, catalogue.FEATURE_PSI)
    assert _exposed(refresher, catalogue.REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS) == {"fraud": NOW.timestamp()}

    clock.now += timedelta(seconds=1)
    refresher.refresh_all()
    assert _exposed(refresher, catalogue.FEATURE_PSI) == {}
    assert _exposed(refresher, catalogue.WINDOW_ROWS) == {}
    assert _exposed(refresher, catalogue.WINDOW_END_TIMESTAMP_SECONDS) == {"fraud": end.timestamp()}
    assert _exposed(refresher, catalogue.MODEL_INFO) == {"fraud": 1}


def test_the_loop_refreshes_when_due_removes_stale_values_and_stops(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path, refresh={"interval": "1s"}))
    with _running(refresher):
        until(lambda: refresher.ready, within=20, what="the first refresh")
        log.put(log.key(0), log.rows(5, 500))
        until(lambda: _exposed(refresher, catalogue.WINDOW_ROWS)["fraud"] == 2500, within=20, what="the second")
        (tmp_path / REFERENCE_KEY).unlink()
        clock.now += timedelta(hours=13)
        until(lambda: not _exposed(refresher, catalogue.FEATURE_PSI), within=20, what="the removal")


class Hanging:
    """A source that hangs in each reading until it is released."""

    def __init__(self, refresher: Refresher, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.released, self.readings = threading.Event(), 0
        reader = refresher.states[model].reader
        assert reader is not None
        self._read = reader.read
        monkeypatch.setattr(reader, "read", self)

    def __call__(self, attempt: Attempt) -> list[Sample]:
        self.readings += 1
        self.released.wait(20)
        return self._read(attempt)


@contextmanager
def _running(refresher: Refresher) -> Iterator[threading.Thread]:
    loop = threading.Thread(target=refresher.run)
    loop.start()
    try:
        yield loop
    finally:
        refresher.stop()
        loop.join(10)
    assert not loop.is_alive()


def _live(refresher: Refresher, metric: catalogue.Metric, model: str = "fraud") -> float:
    """The value of a metric that is computed at each scrape."""
    exposition = refresher.exposition(openmetrics=False)
    assert exposition is not None
    return next(
        sample.value
        for family in text_string_to_metric_families(b"".join(exposition[0]).decode())
        for sample in family.samples
        if sample.name == metric.name and sample.labels.get(catalogue.MODEL, model) == model
    )


def test_no_error_ends_the_loop(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path, refresh={"interval": "1s"}))
    faults: list[Exception] = [OSError(24, "Too many open files"), RuntimeError("can't start new thread")]

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if faults:
                raise faults[0]
            return real(*arguments, **named)

        return call

    monkeypatch.setattr(publishing.Renderer, "render", failing(publishing.Renderer.render))
    monkeypatch.setattr(refresher._slots, "start", failing(refresher._slots.start))
    with _running(refresher) as loop:
        until(lambda: refresher._guard.errors >= 3, within=20, what="errors")
        assert refresher.snapshot is None
        assert loop.is_alive()
        faults.clear()
        until(lambda: refresher.ready, within=20, what="the first refresh")
        assert _exposed(refresher, catalogue.REFRESH_SUCCESS) == {"fraud": 1}
        assert _live(refresher, catalogue.LOOP_ERRORS_TOTAL) >= 3


def test_values_get_stale_while_the_loop_stands_still(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path, refresh={"interval": "1h"}))
    refresher.refresh_all()
    assert not refresher.stalled
    iteration = _live(refresher, catalogue.LOOP_LAST_ITERATION_TIMESTAMP_SECONDS)
    assert time.time() - 10 < iteration <= time.time()
    assert _live(refresher, catalogue.REFRESH_WAITING_SECONDS) == 0

    clock.now += timedelta(hours=13)
    monotonic = time.monotonic() + 13 * 3600
    monkeypatch.setattr(refresh.time, "monotonic", lambda: monotonic)
    assert refresher.stalled
    assert _live(refresher, catalogue.REFRESH_WAITING_SECONDS) == pytest.approx(12 * 3600, abs=60)
    assert time.time() - _live(refresher, catalogue.LOOP_LAST_ITERATION_TIMESTAMP_SECONDS) > 13 * 3600 - 1
    assert _exposed(refresher, catalogue.FEATURE_PSI) == {}
    assert "fraud" in _exposed(refresher, catalogue.WINDOW_END_TIMESTAMP_SECONDS)


def test_a_model_whose_source_hangs_costs_its_own_slot_only(
    tmp_path: Path, log: FraudLog, clock: Clock, made: list[Refresher], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {"interval": "1s", "timeout": "1s"}
    specs = [_spec(tmp_path, name, refresh=quick) for name in ("hangs", "hangs_too", "fraud")]
    made.append(Refresher(specs, ProfileStore(tmp_path / "store"), clock=clock))
    refresher = made[0]
    monkeypatch.setattr(refresher._slots, "_grace", 0.1)
    hanging = [Hanging(refresher, name, monkeypatch) for name in ("hangs", "hangs_too")]
    with _running(refresher):
        healthy = refresher.states["fraud"]
        until(lambda: healthy.succeeded, within=20, what="the healthy model")
        until(lambda: not refresher.states["hangs"].succeeded and refresher.ready, within=20, what="the timeout")
        assert _exposed(refresher, catalogue.REFRESH_SUCCESS) == {"fraud": 1, "hangs": 0, "hangs_too": 0}
        assert refresher.states["hangs"].reader.record.failures == {"timeout": 1}  # type: ignore[union-attr]
        assert [each.readings for each in hanging] == [1, 1]
        assert _live(refresher, catalogue.REFRESH_IN_PROGRESS, "hangs") == 1
        log.put(log.key(0), log.rows(5, 500))
        until(lambda: _exposed(refresher, catalogue.WINDOW_ROWS)["fraud"] == 2500, within=20, what="its next refresh")
        for each in hanging:
            each.released.set()
        until(lambda: refresher.states["hangs"].succeeded, within=20, what="the end of the fault")


def test_it_stops_while_a_source_hangs(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path))
    hanging = Hanging(refresher, "fraud", monkeypatch)
    with _running(refresher):
        until(lambda: hanging.readings, within=20, what="the refresh")
        begin = time.monotonic()
        refresher.stop(0.2)
        assert time.monotonic() - begin < 2
        hanging.released.set()


def test_a_panic_of_a_library_is_a_failure(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Panic(BaseException):
        """As PyO3's, which is no `Exception`."""

    def panic(_: Attempt) -> list[Sample]:
        raise Panic("index out of bounds")

    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path))
    monkeypatch.setattr(refresher.states["fraud"].reader, "read", panic)
    refresher.refresh_all()
    assert "Panic: index out of bounds" in refresher.states["fraud"].error


def test_a_model_that_is_added_does_not_end_readiness(tmp_path: Path, log: FraudLog, clock: Clock, made: Any) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path))
    refresher.refresh_all()
    refresher.replace_specs([_spec(tmp_path), _spec(tmp_path, "new")])
    assert refresher.ready
    assert refresher.unread == ["new"]


def test_new_specs_replace_old_ones_and_unchanged_models_keep_their_state(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path), _spec(tmp_path, "old"))
    refresher.refresh_all()
    state = refresher.states["fraud"]
    refresher.replace_specs([_spec(tmp_path), _spec(tmp_path, "new")])
    assert refresher.states["fraud"] is state
    assert set(refresher.states) == {"fraud", "new"}
    refresher.refresh_all()
    assert set(_exposed(refresher, catalogue.FEATURE_PSI)) == {"fraud", "new"}
    assert _exposed(refresher, catalogue.SPEC_RELOAD_SUCCESS) == {"": 1}


def _rejected(path: Path, name: str | None = None) -> RejectedSpec:
    metadata = Metadata(name=name, labels={"env": "test"}) if name else None
    return RejectedSpec(path, (Problem(str(path), 3, "spec.task", "is required"),), metadata)


def _loads(refresher: Refresher) -> dict[tuple[str, ...], float]:
    """`leeway_spec_load_success` by file, model and constant label."""
    assert refresher.snapshot is not None
    return {
        (sample.labels["file"], sample.labels.get("model", ""), sample.labels.get("env", "")): sample.value
        for family in text_string_to_metric_families(refresher.snapshot.text.decode())
        for sample in family.samples
        if sample.name == catalogue.SPEC_LOAD_SUCCESS.name
    }


def test_a_rejected_spec_costs_only_itself_at_the_start(
    tmp_path: Path, log: FraudLog, clock: Clock, made: list[Refresher]
) -> None:
    rejected = [_rejected(tmp_path / "churn.yaml", "churn"), _rejected(tmp_path / "broken.yaml")]
    made.append(Refresher([_spec(tmp_path)], ProfileStore(tmp_path / "store"), rejected=rejected, clock=clock))
    made[0].refresh_all()
    assert _exposed(made[0], catalogue.REFRESH_SUCCESS) == {"fraud": 1}
    assert _loads(made[0]) == {
        ("fraud.yaml", "fraud", "prod"): 1,
        ("churn.yaml", "churn", "test"): 0,
        ("broken.yaml", "", ""): 0,
    }
    assert _exposed(made[0], catalogue.SPEC_RELOAD_SUCCESS) == {"": 0}
    assert _exposed(made[0], catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS) == {}
    assert made[0].mistakes == tuple(str(problem) for each in rejected for problem in each.problems)


def test_a_spec_that_is_rejected_later_stays_while_the_others_are_replaced(
    tmp_path: Path, log: FraudLog, clock: Clock, made: list[Refresher]
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path), _spec(tmp_path, "old"))
    refresher.refresh_all()
    state = refresher.states["fraud"]
    clock.now += timedelta(minutes=1)
    refresher.replace_specs([_spec(tmp_path, "new")], [_rejected(tmp_path / "fraud.yaml")])
    assert refresher.states["fraud"] is state
    assert set(refresher.states) == {"fraud", "new"}
    assert _loads(refresher) == {("fraud.yaml", "fraud", "prod"): 0, ("new.yaml", "new", "prod"): 1}
    assert _exposed(refresher, catalogue.SPEC_RELOAD_SUCCESS) == {"": 0}
    assert _exposed(refresher, catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS) == {"": NOW.timestamp()}
    refresher.replace_specs([_spec(tmp_path)])
    assert _loads(refresher) == {("fraud.yaml", "fraud", "prod"): 1}
    assert _exposed(refresher, catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS) == {"": clock.now.timestamp()}


def test_a_valid_file_takes_the_name_of_a_model_whose_file_is_rejected(
    tmp_path: Path, clock: Clock, made: list[Refresher]
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path))
    moved = LoadedSpec(tmp_path / "moved.yaml", _spec(tmp_path).spec)
    refresher.replace_specs([moved], [_rejected(tmp_path / "fraud.yaml", "fraud")])
    assert refresher.states["fraud"].loaded is moved


def test_rejected_specs_are_reported_and_the_old_ones_stay(
    tmp_path: Path, log: FraudLog, clock: Clock, made: Any
) -> None:
    refresher = _refresher(made, tmp_path, clock, _spec(tmp_path))
    refresher.refresh_all()
    clock.now += timedelta(minutes=1)
    refresher.reject_specs(UsageError("models: cannot be read"))
    assert refresher.mistakes == ("models: cannot be read",)
    assert _loads(refresher) == {("fraud.yaml", "fraud", "prod"): 0}
    assert _exposed(refresher, catalogue.SPEC_RELOAD_SUCCESS) == {"": 0}
    assert _exposed(refresher, catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS) == {"": NOW.timestamp()}
    assert "fraud" in _exposed(refresher, catalogue.FEATURE_PSI)
