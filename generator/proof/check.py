"""What is generated proves itself: promtool and amtool judge the documents, before anybody deploys them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from generator.layout import MERGED, PROOFS, ROUTE_CASES, ROUTING, RULES, SCRAPE
from generator.proof.parts import Part, parts
from generator.serialization import from_yaml

PROGRAMS: Final = {"promtool": "prometheus", "amtool": "alertmanager"}
"""The programs that judge, and what they come with."""

_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Outcome:
    """One proof: `what` was tried on which document, and when it failed what the program said."""

    what: str
    ok: bool
    detail: str = ""

    def __str__(self) -> str:
        """One line, and when it failed the program's words below it."""
        return f"{'ok' if self.ok else 'FAILED'}: {self.what}" + (f"\n{self.detail}" if self.detail else "")


def missing_programs() -> list[str]:
    """The programs that are not on the PATH."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def prove(documents: Mapping[PurePosixPath, str]) -> Iterator[Outcome]:
    """Try every document whose program is on the PATH, in a folder of its own that is gone afterwards.

    Args:
        documents: what `render` returned.

    Yields:
        The outcomes, in the order of the documents; a failure for each program that is missing.
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
            yield "promtool", partial(_run, folder, f"promtool check rules {path}", "promtool", "check", "rules", path)
        elif path.parent == PROOFS:
            yield "promtool", partial(_tested, folder, path)
        elif path == SCRAPE:
            yield (
                "promtool",
                partial(_run, folder, f"promtool check config {path}", "promtool", "check", "config", path),
            )
        elif path in (ROUTING, MERGED):
            yield "amtool", partial(_run, folder, f"amtool check-config {path}", "amtool", "check-config", path)
        elif path == ROUTE_CASES:
            for case in json.loads(documents[path])["cases"]:
                yield "amtool", partial(_route, folder, case)


def _tested(folder: Path, path: PurePosixPath) -> Outcome:
    """The verdict on a proof: of its parts, the same in less time, or of the whole where a rule file is another's."""
    proof = from_yaml((folder / path).read_text(encoding="utf-8"))
    rules = [folder / path.parent / name for name in proof["rule_files"]]
    tried = [path]
    if all(map(Path.is_file, rules)):
        tried = list(
            _written(parts(proof, [from_yaml(rule.read_text(encoding="utf-8")) for rule in rules]), folder, path)
        )
    return _run(folder, f"promtool test rules {path}", "promtool", "test", "rules", *tried)


def _data(path: Path) -> Any:
    return from_yaml(path.read_text(encoding="utf-8"))


def _written(found: Iterable[Part], folder: Path, path: PurePosixPath) -> Iterator[PurePosixPath]:
    """The files of the parts of a proof, in a folder of their own that is named after it."""
    place = path.with_suffix("")
    (folder / place).mkdir()
    for number, part in enumerate(found):
        rules, proof = f"{number}.rules.json", place / f"{number}.json"
        (folder / place / rules).write_text(json.dumps(part.rules), encoding="utf-8")
        (folder / proof).write_text(json.dumps(part.proof | {"rule_files": [rules]}), encoding="utf-8")
        yield proof


def _route(folder: Path, case: Mapping[str, Any]) -> Outcome:
    receivers = ",".join(case["receivers"])
    labels = [f"{name}={_quoted(value)}" for name, value in sorted(case["labels"].items())]
    flags = (f"--config.file={ROUTING}", f"--verify.receivers={receivers}")
    what = f"amtool config routes test {' '.join(labels)} -> {receivers}"
    return _run(folder, what, "amtool", "config", "routes", "test", *flags, *labels)


def _quoted(value: str) -> str:
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def _run(folder: Path, what: str, program: str, *arguments: str | PurePosixPath) -> Outcome:
    """Run a program in the folder; its name is ours, its arguments are passed as they are, by no shell."""
    path = shutil.which(program) or program
    try:
        done = subprocess.run(  # noqa: S603 - as said
            [path, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Outcome(what, ok=False, detail=str(problem))
    return Outcome(what, ok=done.returncode == 0, detail="" if done.returncode == 0 else _said(done))


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines)
