"""Child processes on loopback that always end with this process: on an error, on Ctrl-C and on SIGTERM."""

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
_STOP_SECONDS: Final = 10.0
_LAST_LINES: Final = 15


class ProcessFailed(LeewayError):  # noqa: N818 - named like the other errors
    """A program ended by itself, or was not ready in time."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started program."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise if the program has ended.

        Raises:
            ProcessFailed: with the last lines of its log.
        """
        code = self.process.poll()
        if code is not None:
            raise ProcessFailed(f"{self.name} ended with exit code {code}; its last lines ({self.log}):\n{self.tail()}")

    def tail(self) -> str:
        """Return the last lines of the log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])

    def stop(self, seconds: float = _STOP_SECONDS) -> None:
        """Stop the program: first SIGTERM, then SIGKILL after some seconds; return when it has ended."""
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Processes:
    """The programs of a `with` block; at its end they are stopped, the last one first.

    SIGTERM and SIGHUP end the block with `SystemExit`, Ctrl-C with `KeyboardInterrupt`. While the programs are being
    stopped, signals are ignored.
    """

    def __init__(self) -> None:
        self._running: list[Running] = []
        self._handlers: dict[signal.Signals, Any] = {}
        self._starting = False
        self._pending: signal.Signals | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._interrupt) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        for running in reversed(self._running):
            running.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str | Path], log: Path, folder: Path) -> Running:
        """Start a program in `folder`, in its own session, so that a terminal's Ctrl-C reaches only this process.

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
        if self._pending:
            self._end(self._pending)
        return running

    def until(self, poll: Callable[[], T | None], *, within: float, what: str) -> T:
        """Wait until `poll` returns something that is not None, False or empty, and return it.

        Raises:
            ProcessFailed: when that takes longer than `within` seconds, or a program ends meanwhile.
        """
        end = time.monotonic() + within
        while True:
            if result := poll():
                return result
            self.check()
            if time.monotonic() > end:
                tails = "".join(f"\n{running.name}:\n{running.tail()}" for running in self._running)
                raise ProcessFailed(f"waited {within:.0f} s for {what}; the last lines were{tails}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise if one of the programs has ended.

        Raises:
            ProcessFailed: with the last lines of its log.
        """
        for running in self._running:
            running.check()

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        """Delay a signal while a program is being started and not yet in the list, or the program would be orphaned."""
        self._pending = signal.Signals(number)
        if not self._starting:
            self._end(self._pending)

    @staticmethod
    def _end(number: signal.Signals) -> None:
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> str | None:
    """Return the body of a URL on loopback, or None if there is no answer or an error."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return str(response.read().decode())
    except (urllib.error.URLError, HTTPException, OSError):
        return None
