from __future__ import annotations

import json

from exporter.validation.finding import Finding, Place, Severity
from exporter.validation.report import Report, count, json_text, text_lines

ERROR = Finding(Severity.ERROR, "column_missing", "no column a", "correct it", "inference", "spec.x", "a", 7)
REPORT = Report("m/fraud.yaml", "fraud", (ERROR, Place().note("read", "read \x1b rows")))


def test_each_finding_is_a_line_with_its_place() -> None:
    assert text_lines(REPORT) == [
        "m/fraud.yaml: 1 error",
        "m/fraud.yaml:7: error: spec.x: no column a; correct it",
        "m/fraud.yaml: note: read \\x1b rows",
    ]
    assert text_lines(Report("a.yaml", "a", ())) == ["a.yaml: ok"]


def test_the_document_has_stable_keys() -> None:
    document = json.loads(json_text([REPORT]))
    assert document.keys() == {"version", "errors", "warnings", "notes", "specs"}
    assert (document["errors"], document["warnings"], document["notes"]) == (1, 0, 1)
    (spec,) = document["specs"]
    assert spec.keys() == {"file", "model", "findings"}
    assert spec["findings"][0] == {
        "severity": "error",
        "check": "column_missing",
        "message": "no column a",
        "advice": "correct it",
        "source": "inference",
        "key": "spec.x",
        "column": "a",
        "line": 7,
    }


def test_findings_are_counted_by_severity() -> None:
    assert [count([REPORT, REPORT], severity) for severity in Severity] == [2, 0, 2]
