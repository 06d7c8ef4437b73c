"""Programs that run beside this one, on loopback, and never outlive it: not an error, not Ctrl-C, not SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from types import FrameType
from typing import Any, Final, Self, TypeVar

from exporter.errors import LeewayError

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE_SECONDS: Final = 10.0
_LAST_LINES: Final = 15


class ProcessFailed(LeewayError):  # noqa: N818 - what happened
    """A program that is needed ended by itself, or did not do its work in time."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program that was started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise when it is over.

        Raises:
            ProcessFailed: with the last lines that it wrote.
        """
        code = self.process.poll()
        if code is not None:
            raise ProcessFailed(f"{self.name} ended with exit code {code}; its last lines ({self.log}):\n{self.tail()}")

    def tail(self) -> str:
        """The last lines that it wrote."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])

    def stop(self, patience: float = _PATIENCE_SECONDS) -> None:
        """End it by its process id, gently for so many seconds; return when it is gone."""
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Processes:
    """The programs that run while a `with` block lasts; the last one started is ended first.

    SIGTERM and SIGHUP end the block with `SystemExit`, Ctrl-C with `KeyboardInterrupt`; while the programs are being
    ended nothing interrupts.
    """

    def __init__(self) -> None:
        self._running: list[Running] = []
        self._before: dict[signal.Signals, Any] = {}
        self._starting = False
        self._asked: signal.Signals | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._interrupt) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        for running in reversed(self._running):
            running.stop()
        for number, before in self._before.items():
            signal.signal(number, before)

    def start(self, name: str, command: Sequence[str | Path], log: Path, folder: Path) -> Running:
        """Start a program in `folder`, in a session of its own, so that a terminal's Ctrl-C is ours to pass on.

        Raises:
            ProcessFailed: when it cannot be started.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        self._starting = True
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                    [os.fspath(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=folder,
                    start_new_session=True,
                )
            running = Running(name, process, log)
            self._running.append(running)
        except OSError as problem:
            raise ProcessFailed(f"{name} cannot be started: {problem}") from problem
        finally:
            self._starting = False
        if self._asked:
            self._end(self._asked)
        return running

    def until(self, ask: Callable[[], T | None], *, within: float, what: str) -> T:
        """The first answer that is neither None, False nor empty.

        Raises:
            ProcessFailed: when none comes within so many seconds, or one of the programs ends meanwhile.
        """
        end = time.monotonic() + within
        while True:
            if answer := ask():
                return answer
            self.check()
            if time.monotonic() > end:
                tails = "".join(f"\n{running.name}:\n{running.tail()}" for running in self._running)
                raise ProcessFailed(f"waited {within:.0f} s in vain for {what}; the last lines were{tails}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise when one of the programs is over.

        Raises:
            ProcessFailed: with its last lines.
        """
        for running in self._running:
            running.check()

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        """Between the birth of a program and its place in our list a signal waits, or the program would be orphaned."""
        self._asked = signal.Signals(number)
        if not self._starting:
            self._end(self._asked)

    @staticmethod
    def _end(number: signal.Signals) -> None:
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> str | None:
    """The body behind an address on loopback, or None while nobody answers or the answer is an error."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return str(response.read().decode())
    except (urllib.error.URLError, HTTPException, OSError):
        return None
