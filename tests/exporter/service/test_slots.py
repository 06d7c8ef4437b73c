"""Refreshes side by side: slots, deadlines, and those that hang."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from exporter.service.slots import Run, Slots
from stack import until


class Source:
    """Hangs until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.runs: list[Run] = []

    def __call__(self, run: Run) -> None:
        self.runs.append(run)
        self.released.wait(20)


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.released.set()


def _slots(size: int, patience: float = 60) -> Slots:
    return Slots(size, lambda: None, grace=0, patience=patience)


def test_only_so_many_run_at_a_time_and_one_of_a_name(source: Source) -> None:
    slots = _slots(2)
    assert [slots.start(name, source, 60, quick=True) for name in "aabc"] == [True, False, True, False]
    assert slots.names == {"a", "b"}
    source.released.set()
    assert slots.wait(10) == set()
    assert not slots.held
    assert slots.start("a", source, 60, quick=True)


def test_those_that_failed_never_take_the_slot_of_another(source: Source) -> None:
    slots = _slots(1)
    assert slots.start("bad", source, 60, quick=False)
    assert not slots.start("worse", source, 60, quick=False)
    assert slots.start("good", source, 60, quick=True)


def test_those_that_take_long_make_room_as_far_as_there_is_any(source: Source) -> None:
    slots = _slots(2, patience=-1)
    names = "abcde"
    assert [slots.start(name, source, 60, quick=True) for name in names] == [True] * 4 + [False]
    assert not slots.start("f", source, 60, quick=False)


def test_one_that_hangs_gives_its_slot_back_and_is_not_started_again_before_its_end(source: Source) -> None:
    slots = _slots(1)
    assert slots.start("bad", source, 0, quick=True)
    until(lambda: source.runs and source.runs[0].overdue, within=10, what="the deadline")
    assert slots.give_up() == ["bad"]
    assert slots.give_up() == []
    assert not slots.held
    assert not slots.start("bad", source, 60, quick=True)
    assert slots.start("good", source, 60, quick=True)
    assert slots.wait(0) == {"bad", "good"}
    source.released.set()
    assert slots.wait(10) == set()
    assert slots.start("bad", source, 60, quick=True)


def test_one_is_not_given_up_before_its_deadline(source: Source) -> None:
    slots = _slots(1)
    slots.start("slow", source, 60, quick=True)
    assert slots.give_up() == []


def test_a_thread_that_the_system_refuses_holds_no_slot(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = _slots(1)
    with monkeypatch.context() as patch:
        patch.setattr(
            threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
        )
        with pytest.raises(RuntimeError):
            slots.start("a", source, 60, quick=True)
    assert slots.names == set()
    assert slots.start("a", source, 60, quick=True)


def test_an_error_of_the_task_is_logged_and_ends_its_run(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()
    slots = Slots(1, ended.set)

    def task(_: Run) -> None:
        raise SystemExit

    slots.start("a", task, 60, quick=True)
    assert ended.wait(10)
    assert slots.wait(10) == set()
    assert "a: the refresh ended unexpectedly" in caplog.text
