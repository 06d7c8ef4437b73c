"""The example spec with other parts, and what is said of one that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from exporter.spec.model import Body, ModelSpec
from exporter.spec.schema import EXAMPLE


def document(**body: Any) -> dict[str, Any]:
    return {**EXAMPLE, "spec": {**EXAMPLE["spec"], **body}}


def body(**parts: Any) -> Body:
    return ModelSpec.model_validate(document(**parts)).spec


def refusal(**parts: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        body(**parts)
    return caught.value.errors()[0]["msg"].removeprefix("Value error, ")
