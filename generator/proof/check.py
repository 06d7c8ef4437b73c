"""Tests of the generated documents by promtool and amtool, before they are deployed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from generator.layout import MERGED, PROOFS, ROUTE_CASES, ROUTING, RULES, SCRAPE
from generator.proof.parts import Part, parts
from generator.serialization import from_yaml

PROGRAMS: Final = {"promtool": "prometheus", "amtool": "alertmanager"}
"""The programs, and the package that each comes with."""

_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one test: `what` was tested, and after a failure the program's output as `detail`."""

    what: str
    ok: bool
    detail: str = ""

    def __str__(self) -> str:
        """Return one line, with the program's output below it after a failure."""
        return f"{'ok' if self.ok else 'FAILED'}: {self.what}" + (f"\n{self.detail}" if self.detail else "")


def missing_programs() -> list[str]:
    """Return the programs that are not on the PATH."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def prove(documents: Mapping[PurePosixPath, str]) -> Iterator[Outcome]:
    """Test every document whose program is on the PATH, in a temporary folder.

    Args:
        documents: the result of `render`.

    Yields:
        A failure for each missing program, then the outcomes in the order of the documents.
    """
    missing = missing_programs()
    for name in missing:
        yield Outcome(name, ok=False, detail=f"not on the PATH; it comes with {PROGRAMS[name]}")
    with tempfile.TemporaryDirectory(prefix="leeway-") as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = Path(name)
        for path, text in documents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        proofs = [proof for program, proof in _proofs(documents, folder) if program not in missing]
        yield from pool.map(lambda proof: proof(), proofs)


def _proofs(documents: Mapping[PurePosixPath, str], folder: Path) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    for path in documents:
        if path.parent == RULES:
            yield "promtool", partial(_run, folder, ["promtool", "check", "rules", path])
        elif path.parent == PROOFS:
            yield "promtool", partial(_test_rules, folder, path)
        elif path == SCRAPE:
            yield "promtool", partial(_run, folder, ["promtool", "check", "config", path])
        elif path in (ROUTING, MERGED):
            yield "amtool", partial(_run, folder, ["amtool", "check-config", path])
        elif path == ROUTE_CASES:
            for case in json.loads(documents[path])["cases"]:
                yield "amtool", partial(_test_route, folder, case)


def _test_rules(folder: Path, path: PurePosixPath) -> Outcome:
    """Run a test file in parts, which is faster; as a whole where it names a rule file that leeway did not write."""
    proof = _data(folder / path)
    rules = [folder / path.parent / name for name in proof["rule_files"]]
    files = [path]
    if all(map(Path.is_file, rules)):
        files = list(_write_parts(parts(proof, list(map(_data, rules))), folder, path))
    return _run(folder, ["promtool", "test", "rules", *files], f"promtool test rules {path}")


def _data(path: Path) -> Any:
    return from_yaml(path.read_text(encoding="utf-8"))


def _write_parts(split: Iterable[Part], folder: Path, path: PurePosixPath) -> Iterator[PurePosixPath]:
    """Write the parts of a test file to a folder named after it, and yield their paths."""
    place = path.with_suffix("")
    (folder / place).mkdir()
    for number, part in enumerate(split):
        rules, proof = f"{number}.rules.json", place / f"{number}.json"
        (folder / place / rules).write_text(json.dumps(part.rules), encoding="utf-8")
        (folder / proof).write_text(json.dumps(part.proof | {"rule_files": [rules]}), encoding="utf-8")
        yield proof


def _test_route(folder: Path, case: Mapping[str, Any]) -> Outcome:
    receivers = ",".join(case["receivers"])
    labels = [f"{name}={_quoted(value)}" for name, value in sorted(case["labels"].items())]
    flags = (f"--config.file={ROUTING}", f"--verify.receivers={receivers}")
    what = f"amtool config routes test {' '.join(labels)} -> {receivers}"
    return _run(folder, ["amtool", "config", "routes", "test", *flags, *labels], what)


def _quoted(value: str) -> str:
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def _run(folder: Path, command: Sequence[str | PurePosixPath], what: str = "") -> Outcome:
    """Run a command in the folder, without a shell; `what` names the test, by default the command itself."""
    program, *arguments = map(str, command)
    what = what or " ".join((program, *arguments))
    path = shutil.which(program) or program
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the program's name is a constant
            [path, *arguments], cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Outcome(what, ok=False, detail=str(problem))
    return Outcome(what, ok=done.returncode == 0, detail="" if done.returncode == 0 else _output(done))


def _output(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines)
