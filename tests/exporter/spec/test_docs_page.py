from __future__ import annotations

import re
from pathlib import Path

from exporter.spec.docs_page import spec_page
from exporter.spec.schema import json_schema

ROOT = Path(__file__).parents[3]
PAGE = spec_page()


def rows(section: str) -> dict[str, list[str]]:
    """The cells of a section's table, by key."""
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_the_committed_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "spec.md").read_text() == PAGE, "make docs writes it again"


def test_every_key_has_a_row_with_a_type_and_a_meaning() -> None:
    for name, section in json_schema()["$defs"].items():
        assert rows(name).keys() == section["properties"].keys()
        for key, (kind, _, meaning) in rows(name).items():
            assert kind, f"{name}.{key}"
            assert meaning, f"{name}.{key}"


def test_rows_have_type_and_default() -> None:
    assert rows("Inference")["grain"] == ["duration", "`1h`", "The length of one partition."]
    assert rows("Inference")["source"][:2] == ["[Source](#source)", "required"]
    assert rows("Body")["windows"][:2] == ["list of duration", "`[1h, 24h, 7d]`"]
    assert rows("Body")["features"][:2] == ["list of [Feature](#feature)", "required"]
    assert rows("Feature")["type"][0] == "`numeric` or `categorical`"
    assert rows("Feature")["importance"][0] == "number from 0"
    assert rows("Slo")["objective"][0] == "number between 0 and 1"
    assert rows("Limits")["new_categories"][:2] == ["whole number from 0 to 100", "`5`"]
    assert rows("Threshold")["weekdays"][0] == "mapping of weekday to number from 0"
    assert rows("Metadata")["labels"][0] == "mapping of label name to text"
    assert rows("Thresholds")["drift_share"][:2] == ["number from 0 to 1 or [RatioThreshold](#ratiothreshold)", "`0.2`"]
    assert rows("The whole spec")["apiVersion"][0] == "`leeway/v1`"


def test_sections_have_key_paths_and_links_have_targets() -> None:
    assert "At `spec.inference.source`, `spec.labels.source`, `spec.reference.source`. " in PAGE
    assert "At `spec.features[]`. " in PAGE
    headings = {heading.lower() for heading in re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)}
    links = set(re.findall(r"\]\(#(\w+)\)", PAGE))
    assert links <= headings
    assert links == {name.lower() for name in json_schema()["$defs"]}


def test_linked_files_exist() -> None:
    for target in re.findall(r"\]\(([^#)]+)\)", PAGE):
        assert (ROOT / "docs" / target).is_file(), target
