"""What a source that hangs costs the other models: two of three models have one, and there are two workers.

    python benchmarks/hanging.py [hang|drip]... [--seconds=60] [--timeout=1m]

The healthy model is due every 5 seconds. `hang` accepts a request and sends nothing; `drip` sends a byte every half
second.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

sys.path += [str(Path(__file__).parents[1] / "tests" / part) for part in ("data", "servers")]

from fraud_log import FraudLog, spec_document
from s3_server import Drip, Hang, Request, S3Server, always
from stack import free_port, get, until

FAULTS = {"hang": Hang(), "drip": Drip(0.5)}
NAME = "leeway_refresh_last_success_timestamp_seconds"


def _healthy(text: str | None) -> float:
    lines = (line for line in (text or "").splitlines() if line.startswith(NAME) and 'model="healthy"' in line)
    return next((float(line.split()[-1]) for line in lines), 0.0)


def measure(fault: str, seconds: float, timeout: str) -> None:
    with TemporaryDirectory() as name, S3Server() as server:
        folder = Path(name)
        for bucket in ("healthy", "bad-one", "bad-two"):
            log = FraudLog(lambda key, content, bucket=bucket: server.put(bucket, key, content), datetime.now(UTC))
            log.put_all(3)
            document = spec_document(windows=["1h"], refresh={"interval": "5s", "timeout": timeout})
            document["metadata"]["name"] = bucket
            text = yaml.safe_dump(document).replace("s3://ml-features/", f"s3://{bucket}/")
            (folder / f"{bucket}.yaml").write_text(text)

        def bad(request: Request) -> bool:
            return request.path.startswith("/bad-") and not request.lists

        server.faults = always(FAULTS[fault], bad)
        port = free_port()
        command = [sys.executable, "-m", "exporter.cli", f"--config.file={folder}", f"--storage.path={folder / 'data'}"]
        running = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"],
            env={**os.environ, **server.environment()},
            stderr=(folder / "log").open("wb"),
        )
        try:
            url = f"http://127.0.0.1:{port}/metrics"
            begin = time.time()
            until(lambda: _healthy(get(url)), within=300, what="the first refresh of the healthy model")
            first = time.time() - begin
            times = [_healthy(get(url))]
            while time.time() - begin < seconds:
                if (at := _healthy(get(url))) > times[-1]:
                    times.append(at)
                time.sleep(0.2)
            gaps = [later - earlier for earlier, later in zip(times, [*times[1:], time.time()], strict=True)]
            running.terminate()
            begin = time.monotonic()
            running.wait(120)
            print(
                f"{fault}: first refresh of the healthy model after {first:.1f} s, then {len(times) - 1} in "
                f"{seconds:.0f} s, longest pause {max(gaps):.1f} s; SIGTERM: {time.monotonic() - begin:.1f} s, "
                f"exit code {running.returncode}"
            )
        finally:
            running.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", default=list(FAULTS), metavar="FAULT")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--timeout", default="1m", help="refresh.timeout of all three models")
    options = parser.parse_args()
    for fault in options.faults:
        measure(fault, options.seconds, options.timeout)


if __name__ == "__main__":
    main()
