"""Days of a running exporter, with faults of its store and kill -9 while it serves: are all numbers right?

    python benchmarks/soak.py [--hours=72] [--models=10] [--kills=50] [--seed=1] [--rows=200]

Two exporters watch the same models on moto's S3, on a clock that goes on hour by hour; half of the models have labels.
The first meets random faults, and is killed and started again in the first two thirds of the hours. After each hour its
numbers must become those of the second, which meets none. Then its memory is compared over the hours without a kill.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow as pa
import yaml
from prometheus_client.parser import text_string_to_metric_families

sys.path += [str(Path(__file__).parents[1] / "tests" / part) for part in ("data", "servers")]

from exporter import cli
from fraud_log import BUCKET, REFERENCE_KEY, FraudLog, labelled_spec_document, spec_document
from s3_server import Fault, Hang, Refuse, Request, S3Server, Truncate
from stack import free_port, get, until

Facts = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]

START: Final = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
WITHIN: Final = 180.0
"""Seconds in which the numbers of an hour must be right."""
FAULTS: Final = (
    (0.05, Refuse(503, "SlowDown")),
    (0.02, Truncate(60)),
    (0.01, Refuse(403, "AccessDenied")),
    (0.001, Hang()),
)


class Models:
    """The logs of some models, whose hours differ, and their specs."""

    def __init__(self, server: S3Server, folder: Path, count: int, rows: int) -> None:
        self._server, self._rows, self._folder = server, rows, folder
        self.names = [f"model-{number}" for number in range(count)]
        folder.mkdir()
        for number, name in enumerate(self.names):
            settings = {"windows": ["1h", "24h"], "refresh": {"interval": "2s", "timeout": "20s"}}
            document = labelled_spec_document(**settings) if number % 2 else spec_document(**settings)
            document["metadata"]["name"] = name
            sources = spec_document()["spec"]
            document["spec"]["inference"]["source"] = sources["inference"]["source"]
            document["spec"]["reference"]["source"] = sources["reference"]["source"]
            if number % 2:
                document["spec"]["labels"]["source"] = {"s3": f"s3://{BUCKET}/labels/%Y-%m-%dT%H.parquet"}
            text = yaml.safe_dump(document).replace(f"s3://{BUCKET}/", f"s3://{BUCKET}/{name}/")
            (folder / f"{name}.yaml").write_text(text)
            log = self._log(name, START)
            log.put(REFERENCE_KEY, log.rows(number, 5000))

    def put_hour(self, now: datetime) -> None:
        """Store the hour that has just ended, and the labels of the hour before."""
        hour = int((now - START) / HOUR)
        for number, name in enumerate(self.names):
            log = self._log(name, now)
            log.put(log.key(0), log.rows(1000 * (number + 1) + hour, self._rows))
            made = log.rows(1000 * (number + 1) + hour - 1, self._rows)
            fraud = np.random.default_rng(hour).random(made.num_rows) < 10 * made["predicted_score"].to_numpy()
            at = [log.end - HOUR / 2] * made.num_rows
            labels = pa.table({"request_id": made["request_id"], "is_fraud": fraud, "labelled_at": at})
            log.put(f"labels/{log.end - HOUR:%Y-%m-%dT%H}.parquet", labels)

    def _log(self, name: str, now: datetime) -> FraudLog:
        return FraudLog(lambda key, content: self._server.put(BUCKET, f"{name}/{key}", content), now)


class Exporter:
    """An exporter as a process, on a clock that is a file."""

    def __init__(self, folder: Path, specs: Path, clock: Path, server: S3Server) -> None:
        folder.mkdir()
        self._folder, self._port = folder, free_port()
        self._command = [sys.executable, __file__, f"--clock={clock}", f"--config.file={specs}"]
        self._command += [f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{self._port}"]
        self._environment = {**os.environ, **server.environment(), "PYTHONPATH": str(Path(__file__).parents[1])}
        self.start()

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def facts(self) -> Facts:
        """Return the samples of models; none while it does not answer."""
        text = get(f"http://127.0.0.1:{self._port}/metrics") or ""
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith("ml_")
        }

    @property
    def memory(self) -> float:
        """Resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def running(exporter: Exporter) -> Iterator[Exporter]:
    try:
        yield exporter
    finally:
        exporter.kill()


def ends(facts: Facts) -> set[float]:
    """Return the ends of the windows of an hour."""
    wanted = "ml_window_end_timestamp_seconds"
    return {value for (name, labels), value in facts.items() if name == wanted and ("window", "1h") in labels}


def _of_hour(exporter: Exporter, end: float) -> Facts:
    """Return the samples of models once all of them are about windows with an end; none before."""
    facts = exporter.facts()
    return facts if ends(facts) == {end} else {}


def differences(found: Facts, expected: Facts) -> list[str]:
    names = sorted(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key))
    return [
        f"{name}{dict(labels)}: {found.get((name, labels))}, calm {expected.get((name, labels))}"
        for name, labels in names
    ]


def soak(folder: Path, options: argparse.Namespace) -> int:
    dice = random.Random(options.seed)  # noqa: S311
    kills, waits, memory, wrong = 0, list[float](), list[float](), 0
    clock, last_kill = folder / "clock", options.hours * 2 // 3
    with ExitStack() as stack:
        server, calm_server = stack.enter_context(S3Server()), stack.enter_context(S3Server())
        models = Models(server, folder / "models", options.models, options.rows)
        clock.write_text(START.isoformat())
        models.put_hour(START)
        stormy, calm = (
            stack.enter_context(running(Exporter(folder / name, folder / "models", clock, each)))
            for name, each in (("stormy", server), ("calm", calm_server))
        )

        def fault(_: Request) -> Fault | None:
            roll = dice.random()
            for share, each in FAULTS:
                roll -= share
                if roll < 0:
                    return each
            return None

        for hour in range(options.hours):
            now = START + hour * HOUR
            models.put_hour(now)
            (folder / "next").write_text(now.isoformat())
            (folder / "next").replace(clock)
            server.faults, begin = fault, time.monotonic()
            while hour < last_kill and kills < options.kills * (hour + 1) / last_kill:
                time.sleep(dice.uniform(0, 6))
                stormy.kill()
                stormy.start()
                kills += 1
            end = now.replace(minute=0).timestamp()
            expected = until(partial(_of_hour, calm, end), within=WITHIN, what="the calm exporter")
            while differences(found := stormy.facts(), expected := calm.facts()) and time.monotonic() - begin < WITHIN:
                time.sleep(0.5)
            waits.append(time.monotonic() - begin)
            if lines := differences(found, expected):
                wrong += 1
                print(
                    f"hour {hour}: {len(lines)} of {len(expected)} samples differ:", *lines[:10], sep="\n  ", flush=True
                )
            if hour >= last_kill:
                memory.append(stormy.memory)
    half = len(memory) // 2
    growth = float(np.median(memory[half:]) - np.median(memory[:half])) if half else 0.0
    print(
        f"{options.hours} hours, {options.models} models, {kills} kills, {len(expected)} samples: {wrong} hours wrong; "
        f"right after {np.median(waits):.1f} s, at most {max(waits):.1f} s; "
        f"memory {np.median(memory):.0f} MiB, {growth:+.1f} MiB in the second half of {len(memory)} hours"
    )
    return int(wrong > 0)


def serve(clock: Path, flags: list[str]) -> int:
    """Run the exporter on the clock in a file."""
    cli._clock = lambda _: lambda: datetime.fromisoformat(clock.read_text())  # noqa: SLF001
    return cli.main(flags)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("hours", 72), ("models", 10), ("kills", 50), ("seed", 1), ("rows", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--clock", type=Path, help=argparse.SUPPRESS)
    options, flags = parser.parse_known_args()
    if options.clock:
        return serve(options.clock, flags)
    with TemporaryDirectory() as folder:
        return soak(Path(folder), options)


if __name__ == "__main__":
    sys.exit(main())
