"""A little of `benchmarks/fuzz.py`: hostile input is handled or refused, whatever reads it."""

from __future__ import annotations

from pathlib import Path

import fuzz
import pytest

from exporter.errors import UsageError


@pytest.mark.parametrize("kind", sorted(set(fuzz.KINDS) - {"labels", "spec"}))  # which have tests of their own
def test_hostile_input_is_handled_or_refused(kind: str, tmp_path: Path) -> None:
    result = fuzz.tried(kind, 1, 15, tmp_path)
    assert result.count >= 15
    assert result.longest < fuzz.SECONDS


def test_another_error_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(value: int) -> None:
        raise UsageError("refused") if value < 10 else ZeroDivisionError(value)

    monkeypatch.setattr(fuzz, "KINDS", {"kind": lambda _: (fuzz.st.integers(0, 99), fails)})
    with pytest.raises(ZeroDivisionError, match=r"^10\b"):
        fuzz.tried("kind", 1, 100, tmp_path)
