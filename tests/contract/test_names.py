"""One vocabulary: only the catalogue spells the name of a metric or an alert."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.catalogue import ALERTS, HOOK_METRICS, METRICS
from generator.jsonnet import LIBRARY

FOLDERS = ("exporter", "dashboards", "generator", "rules", "alertmanager")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (LIBRARY / folder).rglob("*")
    if path.suffix in (".py", ".libsonnet") and path != LIBRARY / "exporter" / "catalogue.py"
)
OTHERS = {"LeewayError", "leeway_exporter"}  # the base of errors, and the package of the wheel
_PREFIXED = re.compile(r"\b(?:ml|leeway)_[a-z]\w*|\b(?:ML|Leeway)[A-Z][A-Za-z]+\b")


def spelled(text: str) -> set[str]:
    """Return the texts that are, or look like, the name of a metric or an alert of Leeway."""
    ours = {metric.name for metric in (*METRICS, *HOOK_METRICS)} | {alert.name for alert in ALERTS}
    return ({name for name in ours if name in text} | set(_PREFIXED.findall(text))) - OTHERS


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_file_but_the_catalogue_spells_a_name(path: Path) -> None:
    assert spelled(path.read_text()) == set()


def test_every_folder_is_read() -> None:
    assert {path.relative_to(LIBRARY).parts[0] for path in FILES} == set(FOLDERS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'x = "{METRICS[0].name}"', {METRICS[0].name}),
        (f"// {ALERTS[0].name}", {ALERTS[0].name}),
        ('"ml_misspelt"', {"ml_misspelt"}),
        ("'MLMisspelt'", {"MLMisspelt"}),
        ("html_url, XMLFile, LeewayError, MLflow", set()),
    ],
)
def test_a_name_is_found_anywhere_in_a_text(text: str, found: set[str]) -> None:
    assert spelled(text) == found
