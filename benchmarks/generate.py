"""Time to generate and check a hundred models without promtool and amtool: `python benchmarks/generate.py`."""

from __future__ import annotations

import contextlib
import io
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import yaml

from generator.cli import main

MODELS = 100
EXAMPLE = Path(__file__).parents[1] / "models" / "fraud.yaml"


def write_specs(folder: Path) -> None:
    """Write the example spec under a hundred names."""
    document = yaml.safe_load(EXAMPLE.read_text())
    folder.mkdir()
    for number in range(MODELS):
        document["metadata"]["name"] = f"model-{number:03}"
        (folder / f"{number:03}.yaml").write_text(yaml.safe_dump(document))


def spent() -> float:
    """Return the processor seconds of this process and of its finished child processes."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def measure(task: str, arguments: list[str]) -> None:
    """Run `leeway` and print a row."""
    wall, cpu = time.perf_counter(), spent()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(arguments)
    if code:
        sys.exit(f"leeway {' '.join(arguments)}: {code}")
    print(f"| {task:<42} | {time.perf_counter() - wall:6.1f} | {spent() - cpu:6.1f} |")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="leeway-") as name:
        os.chdir(name)
        write_specs(Path("models"))
        print(f"load {', '.join(f'{load:.1f}' for load in os.getloadavg())}; {os.cpu_count()} processors")
        print(f"| {f'{MODELS} models':<42} | wall s |  cpu s |")
        print(f"|{'-' * 44}|-------:|-------:|")
        measure("leeway validate", ["validate"])
        measure("leeway generate, everything new", ["generate"])
        measure("leeway check --no-tools", ["check", "--no-tools"])
        size = sum(path.stat().st_size for path in Path("build").rglob("*") if path.is_file())
        print(f"{len(list(Path('build').rglob('*.*')))} files, {size / 1e6:.0f} MB")
