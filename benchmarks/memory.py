"""Peak memory of the exporter for one partition of many rows, and as many labels in one partition.

Each line is a process of its own, `leeway-exporter --once` on an empty store: it profiles the partition, reads the
predictions and the labels, joins and evaluates them. The slope between two sizes says how memory grows with rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path
from typing import Final

SIZES: Final = (2_000_000, 4_000_000)
HOUR: Final = "2026-11-22T10"
NOW: Final = "2026-11-22T14:30:00Z"
_CHUNK: Final = 500_000

SPEC: Final = """\
apiVersion: leeway/v1
kind: Model
metadata: {name: model}
spec:
  task: binary_classification
  inference:
    source: {local: "inference/%Y-%m-%dT%H.parquet"}
    columns: {timestamp: at, prediction_id: id, model_version: version, score: score}
  labels:
    source: {local: "labels/%Y-%m-%dT%H.parquet"}
    columns: {prediction_id: id, label: label, timestamp: at}
    maturity: 1h
  reference: {source: {local: reference.parquet}}
  features: [{name: age, type: numeric}]
  windows: [1h, 24h]
"""


def write(folder: Path, rows: int) -> None:
    """Write the log of one hour, its labels in another order, and a reference."""
    import numpy as np  # noqa: PLC0415 - a child inherits the memory of its parent at its start
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    random = np.random.default_rng(1)
    hour = np.datetime64(HOUR, "us")

    def table(numbers: np.ndarray) -> pa.Table:
        """Return the rows with these numbers; what is in a row depends on its number alone."""
        mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        text = pa.py_buffer(np.column_stack([mixed, numbers.astype(np.uint64)]).tobytes().hex().encode())
        ends = pa.py_buffer(np.arange(0, 32 * len(numbers) + 1, 32, dtype=np.int32).tobytes())
        scores = (mixed >> np.uint64(40)).astype(np.float64) / 2**24
        return pa.table(
            {
                "id": pa.Array.from_buffers(pa.string(), len(numbers), [None, ends, text]),
                "score": scores,
                "at": hour + (numbers % 3_600_000) * 1000,
                "version": pa.DictionaryArray.from_arrays(np.zeros(len(numbers), np.int8), ["v3"]),
                "age": random.normal(40, 12, len(numbers)),
                "label": (mixed >> np.uint64(8)) % np.uint64(2**24) < scores * 2**24,
            }
        )

    for name in ("inference", "labels"):
        (folder / name).mkdir()
        schema = table(np.arange(1)).schema
        chunks = np.array_split(np.arange(rows), -(-rows // _CHUNK))
        with pq.ParquetWriter(folder / name / f"{HOUR}.parquet", schema) as writer:
            for chunk in chunks if name == "inference" else reversed(chunks):
                writer.write_table(table(random.permutation(chunk)))
    pq.write_table(table(np.arange(100_000)), folder / "reference.parquet")
    (folder / "model.yaml").write_text(SPEC)


def run(folder: Path) -> tuple[float, float, dict[str, str]]:
    """Return the peak memory in bytes and the processor time in seconds of one exporter, and what it found."""
    code = "import sys; from exporter.cli import main; sys.exit(main())"
    arguments = [
        "--once",
        f"--config.file={folder / 'model.yaml'}",
        f"--storage.path={folder / 'store'}",
        f"--now={NOW}",
    ]
    with (folder / "out").open("w") as out:
        child = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise RuntimeError(f"the exporter has failed: {status}")
    wanted = ("ml_auroc{", "ml_label_rows{", "leeway_refresh_success{")
    lines = [line.rsplit(" ", 1) for line in (folder / "out").read_text().splitlines() if line.startswith(wanted)]
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime, dict(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES, help="rows of the partition, and its labels")
    parser.add_argument("--folder", type=Path, help="where the files are for the time of the run")
    options = parser.parse_args()
    sizes = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            writer = get_context("spawn").Process(target=write, args=(Path(name), rows))
            writer.start()
            writer.join()
            memory, seconds, found = run(Path(name))
        sizes.append((rows, memory))
        print(json.dumps({"rows": rows, "peak MB": round(memory / 1e6), "cpu s": round(seconds, 1), "found": found}))
    if len(sizes) > 1:
        (few, less), (many, more) = sizes[0], sizes[-1]
        print(json.dumps({"bytes a row": round((more - less) / (many - few))}))


if __name__ == "__main__":
    main()
