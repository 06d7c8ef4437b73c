from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import AUROC_CI_UPPER, LABEL_ROWS
from exporter.errors import SourceUnavailable
from exporter.retraining.hook import Decision, Hook
from exporter.retraining.ledger import Ledger
from exporter.retraining.notification import Notification, read
from exporter.retraining.pipelines import NotStarted
from exporter.spec.sections.retraining import Retrain
from retraining import BEGAN, body, firing, retrained


class World:
    """A hook, and all that it meets: a Prometheus, a pipeline, a clock, a disk."""

    def __init__(self, folder: Path, *, dry: bool = False, **retrain: Any) -> None:
        self.folder, self.dry = folder, dry
        self.specs = {name: retrained(name, **retrain).spec for name in ("fraud", "churn")}
        self.known: dict[str, float] | None = {AUROC_CI_UPPER.name: 0.8, LABEL_ROWS.name: 5000}
        self.now, self.refuses, self.started = BEGAN, False, list[str]()
        self.restart()

    def restart(self) -> None:
        self.hook = Hook(
            self.specs,
            Ledger(self.folder / "starts.json"),
            query_value=self.query_value,
            start=None if self.dry else self.start,
            clock=lambda: self.now,
        )

    def query_value(self, query: str) -> float | None:
        if self.known is None:
            raise SourceUnavailable("no answer")
        return next((value for name, value in self.known.items() if name in query), None)

    def start(self, retrain: Retrain, notification: Notification) -> str:
        if self.refuses:
            raise NotStarted("busy")
        self.started.append(notification.incident)
        return "an execution"

    def notify(self, *alerts: Any, after: timedelta = timedelta(), **parts: Any) -> Decision:
        self.now += after
        return self.hook.decide(read(body(*alerts, **parts))).decision


def test_an_incident_is_started_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.notify(firing("a")) == Decision.STARTED
    assert world.notify(firing("a"), after=timedelta(hours=1)) == Decision.REPEAT
    assert world.notify(firing("a", status="resolved"), after=timedelta(days=9)) == Decision.RESOLVED
    assert len(world.started) == 1
    assert world.hook.last_starts() == {"fraud": BEGAN}


def test_a_restart_starts_nothing_twice(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.notify(firing("a"))
    world.restart()
    assert world.notify(firing("a"), after=timedelta(days=30)) == Decision.REPEAT
    assert len(world.started) == 1


def test_an_incident_lasts_as_long_as_one_of_its_alerts(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.notify(firing("a"))
    assert world.notify(firing("a"), firing("b", minutes=9), after=timedelta(days=2)) == Decision.REPEAT
    world.restart()
    assert world.notify(firing("b", minutes=9), after=timedelta(days=2)) == Decision.REPEAT
    assert world.notify(firing("a", minutes=99), after=timedelta(days=2)) == Decision.STARTED


def test_a_new_incident_waits_for_the_cool_down(tmp_path: Path) -> None:
    world = World(tmp_path, cooldown="6h", daily_limit=9)
    world.notify(firing("a"))
    assert world.notify(firing("b", minutes=1), after=timedelta(hours=6, seconds=-1)) == Decision.COOLING_DOWN
    assert world.notify(firing("b", minutes=1), after=timedelta(seconds=1)) == Decision.STARTED


def test_the_daily_limit_is_kept(tmp_path: Path) -> None:
    world = World(tmp_path, cooldown="1h", daily_limit=2)
    decisions = [world.notify(firing("a", minutes=hour), after=timedelta(hours=1)) for hour in range(3)]
    assert decisions == [Decision.STARTED, Decision.STARTED, Decision.DAILY_LIMIT]
    assert world.notify(firing("a", minutes=2), after=timedelta(hours=22)) == Decision.STARTED


def test_models_do_not_share_limits(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.notify(firing("a")) == Decision.STARTED
    assert world.notify(firing("b", model="churn"), group_key="churn") == Decision.STARTED


def test_a_closed_gate_is_evaluated_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    known, world.known = world.known, {}
    assert world.notify(firing("a")) == Decision.GATE_CLOSED
    world.known = known
    assert world.notify(firing("a"), after=timedelta(hours=1)) == Decision.STARTED


def test_a_prometheus_without_an_answer_is_queried_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    known, world.known = world.known, None
    assert world.notify(firing("a")) == Decision.NO_ANSWER
    world.known, world.refuses = known, True
    assert world.notify(firing("a")) == Decision.FAILED
    world.refuses = False
    assert world.notify(firing("a")) == Decision.STARTED
    assert all(decision.should_retry for decision in (Decision.NO_ANSWER, Decision.FAILED))


def test_an_interrupted_start_is_not_repeated(tmp_path: Path) -> None:
    world = World(tmp_path)

    def killed(retrain: Retrain, notification: Notification) -> str:
        raise KeyboardInterrupt

    world.hook._start = killed
    with pytest.raises(KeyboardInterrupt):
        world.notify(firing("a"))
    world.restart()
    assert world.notify(firing("a")) == Decision.REPEAT


def test_a_dry_run_starts_nothing_and_does_not_count_later(tmp_path: Path) -> None:
    world = World(tmp_path, dry=True)
    assert world.notify(firing("a")) == Decision.DRY_RUN
    assert world.notify(firing("a")) == Decision.REPEAT
    assert world.notify(firing("b", minutes=1)) == Decision.COOLING_DOWN
    assert world.hook.last_starts() == {}
    world.dry = False
    world.restart()
    assert world.notify(firing("a")) == Decision.STARTED


def test_an_unknown_model_starts_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    decided = world.hook.decide(read(body(firing("a", model="other"))))
    assert (decided.decision, decided.model) == (Decision.UNKNOWN_MODEL, "")


def test_a_full_disk_starts_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.hook._ledger._path = Path("/proc/none/starts.json")
    assert world.notify(firing("a")) == Decision.FAILED
    assert world.started == []
    world.restart()
    assert world.notify(firing("a")) == Decision.STARTED


def test_a_disk_that_becomes_full_starts_nothing_twice(tmp_path: Path) -> None:
    world = World(tmp_path)

    def start(retrain: Retrain, notification: Notification) -> str:
        world.hook._ledger._path = Path("/proc/none/starts.json")
        return world.start(retrain, notification)

    world.hook._start = start
    assert world.notify(firing("a")) == Decision.STARTED
    assert world.notify(firing("a")) == Decision.REPEAT
    world.restart()
    assert world.notify(firing("a")) == Decision.REPEAT
    assert len(world.started) == 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3), st.booleans(), st.integers(0, 30)), max_size=30
)


@settings(max_examples=40)
@given(STEPS, st.integers(1, 3), st.integers(1, 12))
def test_no_sequence_starts_an_incident_twice_or_breaks_a_limit(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, bool, int]], limit: int, cooldown: int
) -> None:
    world = World(tmp_path_factory.mktemp("hook"), cooldown=f"{cooldown}h", daily_limit=limit)
    starts: list[datetime] = []
    for fingerprint, minutes, resolved, hours in steps:
        alert = firing(fingerprint, minutes=minutes, status="resolved" if resolved else "firing")
        if world.notify(alert, after=timedelta(hours=hours)) == Decision.STARTED:
            starts.append(world.now)
        world.restart()
    assert len(world.started) == len(set(world.started)) == len(starts)
    assert all(later - earlier >= timedelta(hours=cooldown) for earlier, later in pairwise(starts))
    assert all(sum(timedelta() <= at - start < timedelta(days=1) for at in starts) <= limit for start in starts)
