from __future__ import annotations

import pytest

from exporter.validation.finding import Place, Severity, percent, printable, shown


def test_values_of_data_cannot_command_a_terminal() -> None:
    assert printable("a\x1b[31m\n\udc80é") == "a\\x1b[31m\\n\\udc80é"
    assert shown(["x" * 50, 1, "\r", 2, 3, 4]) == f'"{"x" * 40}…", "1", "\\r", "2", "3", …'


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.004, "less than 1 %"), (0.5, "50 %"), (0.998, "99 %"), (1, "100 %")]
)
def test_a_share_is_never_rounded_to_none_or_all(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("share", "severity"), [(0.5, "error"), (0.49, "warning"), (0.01, "warning"), (0.009, "note")])
def test_the_severity_follows_from_the_share(share: float, severity: str) -> None:
    assert Place("inference", "spec.a", "b").by_share(share, "c", "d").severity == Severity(severity)
