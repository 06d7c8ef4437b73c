"""The fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraud_log import FraudLog, spec_document
from s3_server import S3Server


@pytest.fixture
def fraud_log(s3_server: S3Server) -> FraudLog:
    """An empty bucket for the log."""
    return FraudLog.on_s3(s3_server)


@pytest.fixture
def write_spec(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the spec, with changes to its body, and returns its path."""

    def write(**body: Any) -> Path:
        path = tmp_path / "models" / "fraud.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(spec_document(**body)))
        return path

    return write
