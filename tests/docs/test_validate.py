from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from exporter.validation.finding import Check

PAGE = Path(__file__).parents[2] / "docs" / "validate.md"


def test_the_page_lists_every_kind_of_finding_and_no_other() -> None:
    rows = re.findall(r"^\| [^|]* \| (.*) \|$", PAGE.read_text().partition("| subject | findings |")[2], re.MULTILINE)
    assert {name for row in rows for name in re.findall("`([a-z_]+)`", row)} == set(get_args(Check))
