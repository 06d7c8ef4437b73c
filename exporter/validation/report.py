"""The findings of specs as text, one line each, and as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from exporter.validation.finding import Finding, Severity, printable

VERSION: Final = 1
"""Of the JSON document; it changes when a key changes its name or its meaning."""


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of one spec file; the model's name is empty where the spec cannot be read."""

    file: str
    model: str
    findings: tuple[Finding, ...]

    @property
    def summary(self) -> str:
        """`ok`, or the number of errors and warnings."""
        numbers = [(count([self], severity), severity) for severity in (Severity.ERROR, Severity.WARNING)]
        return ", ".join(f"{number} {each}{'s' * (number > 1)}" for number, each in numbers if number) or "ok"


def count(reports: Iterable[Report], severity: Severity) -> int:
    """Return the number of findings of a severity."""
    return sum(each.severity is severity for report in reports for each in report.findings)


def text_lines(report: Report) -> list[str]:
    """Return a line for the file, and one for each finding: `models/fraud.yaml:23: error: spec.…: what; what to do`."""
    lines = [f"{report.file}: {report.summary}"]
    for each in report.findings:
        place = f"{report.file}:{each.line}" if each.line else report.file
        what = "; ".join(filter(None, (each.message, each.advice)))
        lines.append(": ".join(filter(None, (place, each.severity, each.key, what))))
    return [printable(line) for line in lines]


def json_text(reports: Sequence[Report]) -> str:
    """Return all findings as a JSON document; docs/validate.md describes its keys."""
    document = {
        "version": VERSION,
        **{f"{severity}s": count(reports, severity) for severity in Severity},
        "specs": [
            {"file": each.file, "model": each.model, "findings": [asdict(finding) for finding in each.findings]}
            for each in reports
        ],
    }
    return json.dumps(document, indent=1) + "\n"
