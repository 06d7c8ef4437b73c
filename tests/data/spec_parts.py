"""The example spec with some keys replaced, and the messages for a wrong one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from exporter.spec.checks.all_checks import mistakes
from exporter.spec.messages import KeyPath, format_path
from exporter.spec.model import Body, ModelSpec
from exporter.spec.schema import EXAMPLE

LABELS = {"source": {"local": "labels/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "label": "fraud"}}
LOG_WITH_IDS = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "columns": {"prediction_id": "id", "score": "p"}}


def document(**body: Any) -> dict[str, Any]:
    return {**EXAMPLE, "spec": {**EXAMPLE["spec"], **body}}


def body(**parts: Any) -> Body:
    return ModelSpec.model_validate(document(**parts)).spec


def refusal(**parts: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        body(**parts)
    return caught.value.errors()[0]["msg"].removeprefix("Value error, ")


def inconsistencies(*unknown: KeyPath, **parts: Any) -> list[str]:
    """The messages of the checks, each with its key path."""
    checked = Body.model_validate({**EXAMPLE["spec"], **parts})
    return [f"{format_path(path)}: {message}" for path, message in mistakes(checked, unknown)]
