"""Programs that end with their `with` block."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exporter.demo.processes import Processes, ProcessFailed, free_port, get

SLEEP = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)",
]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def within(seconds: float, path: Path, text: str) -> str:
    end = time.monotonic() + seconds
    while not path.exists() or text not in path.read_text():
        assert time.monotonic() < end, f"{path} never contained {text}"
        time.sleep(0.02)
    return path.read_text()


def test_a_program_is_gone_after_the_block(tmp_path: Path) -> None:
    with Processes() as processes:
        running = processes.start("sleeper", SLEEP, tmp_path / "log", tmp_path)
        assert alive(running.process.pid)

    assert not alive(running.process.pid)


def test_a_program_is_gone_after_an_error(tmp_path: Path) -> None:
    pids = []

    def fail() -> None:
        with Processes() as processes:
            pids.append(processes.start("sleeper", SLEEP, tmp_path / "log", tmp_path).process.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [alive(pid) for pid in pids] == [False]


def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    with Processes() as processes:
        running = processes.start("stubborn", STUBBORN, tmp_path / "log", tmp_path)
        within(20, tmp_path / "log", "here")
        running.stop(0.1)

        assert running.process.returncode == -signal.SIGKILL


def test_a_program_that_ends_by_itself_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    last_words = [sys.executable, "-c", "import sys; sys.exit('no such bucket')"]

    with Processes() as processes:
        processes.start("the exporter", last_words, tmp_path / "log", tmp_path)
        with pytest.raises(ProcessFailed, match=r"the exporter ended with exit code 1.*\n.*no such bucket"):
            processes.until(lambda: None, within=20, what="what never comes")


def test_waiting_has_a_time_limit(tmp_path: Path) -> None:
    with Processes() as processes:
        processes.start("sleeper", SLEEP, tmp_path / "log", tmp_path)
        with pytest.raises(ProcessFailed, match=r"waited 0 s for godot.*\nsleeper:"):
            processes.until(lambda: None, within=0.2, what="godot")


def test_waiting_returns_the_result() -> None:
    answers = iter([None, "", "here"])

    with Processes() as processes:
        assert processes.until(lambda: next(answers), within=5, what="an answer") == "here"


def test_a_missing_program_is_reported(tmp_path: Path) -> None:
    with Processes() as processes, pytest.raises(ProcessFailed, match="nobody cannot be started"):
        processes.start("nobody", [tmp_path / "absent"], tmp_path / "log", tmp_path)


def test_signal_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Processes():
        assert signal.getsignal(signal.SIGTERM) is not before

    assert signal.getsignal(signal.SIGTERM) is before


PARENT = """
import sys
from pathlib import Path
from exporter.demo.processes import Processes
with Processes() as processes:
    running = processes.start("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], Path("log"), Path())
    print(running.process.pid, flush=True)
    processes.until(lambda: None, within=600, what="a signal")
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -2)])
def test_no_program_outlives_a_parent_that_gets_a_signal(tmp_path: Path, number: signal.Signals, code: int) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.send_signal(number)
    rest, _ = parent.communicate(timeout=30)

    assert rest == ""
    assert parent.returncode == code
    assert not alive(child)


def test_a_free_port_does_not_answer() -> None:
    assert get(f"http://127.0.0.1:{free_port()}/") is None
