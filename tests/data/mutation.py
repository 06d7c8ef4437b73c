"""Mutants of alerting rules: each rule's expression with one mistake in it, and whether the rule's own tests fail.

A mutant that passes all tests survives: no test covers what was changed.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from examples import run
from exporter.spec.loading import LoadedSpec
from generator.documents import PROOFS, RULES, render
from generator.serialization import from_yaml

Document = dict[str, Any]

_COMPARISON: Final = re.compile(r"(?<![=!<>~-])(>=|<=|==|!=|>|<)(?![=>~\"])(?=\s)")
_OTHERS: Final = {
    ">": (">=", "<", "!="),
    ">=": (">", "<"),
    "<": ("<=", ">", "!="),
    "<=": ("<", ">"),
    "==": ("!=", ">", "<"),
    "!=": ("==",),
}
_FACTORS: Final = ("1.2", "0.8", "2", "0.5")
_SET: Final = {"unless": ("and", "or"), "or": ("and", "unless"), "and": ("unless", "or")}
_OPERATOR: Final = re.compile(r"(?<=\n)[ ]*(unless|or|and)\b")
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Mutant:
    """A rule of a model with a changed expression, and a description of the change."""

    model: str
    alert: str
    what: str
    rule: Document


def mutants(expression: str) -> Iterator[tuple[str, str]]:
    """Yield expressions that differ in one comparison, one limit or one condition, with a description of the change."""
    for found in _COMPARISON.finditer(expression):
        before, after, line = expression[: found.start()], expression[found.end() :], _line(expression, found.start())
        # A count that is not 0 is above it.
        same = "!=" if found[0] == ">" and re.fullmatch(r"\s*0\s*", after) else ""
        for other in _OTHERS[found[0]]:
            if other != same:
                yield f"{found[0]} -> {other}{line}", before + other + after
        yield from _scaled(f"{before}{found[0]}", after, line)
    for found in _OPERATOR.finditer(expression):
        before, after, line = expression[: found.start(1)], expression[found.end(1) :], _line(expression, found.start())
        for other in _SET[found[1]]:
            # Set operators differ in what they do with labels; `or` takes no grouping but `on` and `ignoring`.
            yield f"{found[1]} -> {other}{line}", before + other + after
        yield f"no {found[1]}{line}", _rest(before, after)


def _line(expression: str, place: int) -> str:
    return f" (line {expression.count(chr(10), 0, place) + 1})"


def _scaled(before: str, after: str, line: str) -> Iterator[tuple[str, str]]:
    number = re.match(r"\s*(-?\d+(?:\.\d+)?)(?![\w.])", after)
    if number and float(number[1]) == 0:
        return
    for factor in _FACTORS:
        yield f"limit x {factor}{line}", f"{before} {factor} * {after.lstrip()}"


def _rest(before: str, after: str) -> str:
    """Return an expression without an operator and its right side, which ends at the next operator or bracket."""
    depth = 0
    for place, letter in enumerate(after):
        depth += (letter in _OPENING) - (letter in _CLOSING)
        if depth < 0 or (depth == 0 and _OPERATOR.match(after, place)):
            return before.rstrip() + after[place:] if depth < 0 else f"{before.rstrip()}\n{after[place:].lstrip()}"
    return before.rstrip()


def of_model(loaded: LoadedSpec) -> tuple[list[Mutant], list[Document]]:
    """Return the mutants of all rules of a model, and the test files in which they must fail."""
    name, documents = loaded.spec.name, render([loaded])
    rules = from_yaml(documents[RULES / f"{name}.yaml"])
    proofs = [from_yaml(text) for path, text in documents.items() if path.parent == PROOFS]
    found = [
        Mutant(name, rule["alert"], what, rule | {"expr": expression})
        for group in rules["groups"]
        for rule in group["rules"]
        for what, expression in mutants(rule["expr"])
    ]
    return found, proofs


def survives(mutant: Mutant, proofs: list[Document]) -> bool:
    """Return whether a mutant of a rule passes every test of its alert."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules.json").write_text(json.dumps({"groups": [{"name": "one", "rules": [mutant.rule]}]}))
        return all(_passes(mutant, proof, folder) for proof in proofs)


def _passes(mutant: Mutant, proof: Document, folder: Path) -> bool:
    own = [test for test in proof["tests"] if test["name"].startswith(f"{mutant.alert}: ")]
    if not own:
        return True
    (folder / "proof.json").write_text(json.dumps(proof | {"rule_files": ["rules.json"], "tests": own}))
    return run(["promtool", "test", "rules", "proof.json"], folder)[0]
