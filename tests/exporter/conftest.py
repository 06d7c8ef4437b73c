"""A spec of a local log on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fraud_log import local_spec_document


@pytest.fixture
def write_local_spec(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the spec, with changes to its body, and says where; JSON is YAML."""

    def write(**body: Any) -> Path:
        path = tmp_path / "models" / "fraud.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(local_spec_document(**body), indent=1))
        return path

    return write
