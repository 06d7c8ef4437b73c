"""What peers can do to the exporter: scrapes and refreshes during each attack, and after it.

    python benchmarks/attack.py [silent|slow|reload|headers]... [--seconds=20] [--peers=1100]

Each attack has an exporter of its own as a process, with a limit of 1,024 open files and a refresh each second.
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml

sys.path += [str(Path(__file__).parents[1] / "tests" / part) for part in ("data", "servers")]

from fraud_log import FraudLog, local_spec_document
from stack import free_port, get, until

FILES = 1024
ADDRESS = "127.0.0.2"
"""The address of the attackers; scrapes come from another one."""


def silent(port: int, until_set: threading.Event, peers: int) -> None:
    """Peers that connect and send nothing; each that is closed comes again."""
    _keep_open(port, until_set, peers, b"")


def slow(port: int, until_set: threading.Event, peers: int) -> None:
    """Peers that ask for the metrics and do not read them."""
    _keep_open(port, until_set, peers, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 8, buffer=2048)


def reload(port: int, until_set: threading.Event, peers: int) -> None:
    """Sixteen peers that post reloads as fast as they can."""
    _repeat(port, until_set, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def headers(port: int, until_set: threading.Event, peers: int) -> None:
    """Sixteen peers that send headers of 100 MB, and come again."""
    _repeat(port, until_set, b"GET /metrics HTTP/1.1\r\n" + (b"X-Long: " + b"x" * 1000 + b"\r\n") * 100_000)


def _connect(port: int, buffer: int = 0) -> socket.socket | None:
    peer = socket.socket()
    peer.bind((ADDRESS, 0))
    peer.settimeout(2)
    if buffer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    try:
        peer.connect(("127.0.0.1", port))
    except OSError:
        peer.close()
        return None
    return peer


def _keep_open(port: int, until_set: threading.Event, peers: int, data: bytes, buffer: int = 0) -> None:
    held: list[socket.socket] = []
    while not until_set.is_set():
        while len(held) < peers and not until_set.is_set():
            peer = _connect(port, buffer)
            if peer is None:
                break
            with suppress(OSError):
                peer.sendall(data)
            peer.setblocking(False)  # noqa: FBT003
            held.append(peer)
        held = [peer for peer in held if (_writable if buffer else _alive)(peer)]
        time.sleep(0.2)
    for peer in held:
        peer.close()


def _alive(peer: socket.socket) -> bool:
    try:
        if peer.recv(1):
            return True
    except BlockingIOError:
        return True
    except OSError:
        pass
    peer.close()
    return False


def _writable(peer: socket.socket) -> bool:
    try:
        peer.send(b"\r\n")
    except BlockingIOError:
        return True
    except OSError:
        peer.close()
        return False
    return True


def _repeat(port: int, until_set: threading.Event, data: bytes) -> None:
    def work() -> None:
        while not until_set.is_set():
            peer = _connect(port)
            if peer is not None:
                with peer, suppress(OSError):
                    peer.sendall(data)
                    peer.recv(1000)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


ATTACKS: dict[str, Callable[[int, threading.Event, int], None]] = {
    each.__name__: each for each in (silent, slow, reload, headers)
}


@contextmanager
def exporter(folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    FraudLog.in_folder(folder, datetime.now(UTC)).put_all(3)
    document = local_spec_document(windows=["1h"], refresh={"interval": "1s"})
    (folder / "fraud.yaml").write_text(yaml.safe_dump(document))
    port = free_port()
    flags = [f"--config.file={folder / 'fraud.yaml'}", f"--storage.path={folder / 'data'}"]
    if "--web.enable-lifecycle" in _help():
        flags.append("--web.enable-lifecycle")
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [
                "prlimit",
                f"--nofile={FILES}",
                sys.executable,
                "-m",
                "exporter.cli",
                *flags,
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stderr=log,
        )
    try:
        until(lambda: get(f"http://127.0.0.1:{port}/-/ready"), within=60, what="the exporter")
        yield port, running
    finally:
        running.kill()
        running.wait()


def _help() -> str:
    command = [sys.executable, "-m", "exporter.cli", "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _refreshed(text: str | None) -> float:
    name = "leeway_refresh_last_success_timestamp_seconds"
    return next((float(line.split()[-1]) for line in (text or "").splitlines() if line.startswith(name)), 0.0)


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


def measure(name: str, seconds: float, peers: int) -> None:
    with TemporaryDirectory() as folder, exporter(Path(folder)) as (port, running):
        url, end = f"http://127.0.0.1:{port}/metrics", threading.Event()
        attack = threading.Thread(target=ATTACKS[name], args=(port, end, peers), daemon=True)
        attack.start()
        took: list[float] = []
        failed, files, memory, started = 0, 0, 0, time.monotonic()
        while time.monotonic() - started < seconds:
            begin = time.monotonic()
            failed += get(url) is None
            took.append(time.monotonic() - begin)
            files = max(files, len(list(Path(f"/proc/{running.pid}/fd").iterdir())))
            memory = max(memory, _memory(running.pid))
            time.sleep(0.1)
        end.set()
        attack.join(20)
        time.sleep(5)
        before = time.time()
        time.sleep(4)
        alive = _refreshed(get(url)) > before
        p50, p99 = np.quantile(took, [0.5, 0.99])
        running.terminate()
        begin = time.monotonic()
        with suppress(subprocess.TimeoutExpired):
            running.wait(60)
        print(
            f"{name}: {len(took)} scrapes, {failed} fail, p50 {p50:.3f} s, p99 {p99:.3f} s, longest {max(took):.2f} s; "
            f"{files} files, {memory} MB; refreshes after it: {alive}; SIGTERM: {time.monotonic() - begin:.1f} s, "
            f"exit code {running.returncode}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", default=list(ATTACKS), metavar="ATTACK")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--peers", type=int, default=1100)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for name in options.attacks:
        measure(name, options.seconds, options.peers)


if __name__ == "__main__":
    main()
