"""The generated rules and routes with shorter waits: in the demo's Prometheus and Alertmanager a minute is a second."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from exporter.catalogue import LAYER, Layer
from exporter.spec.value_types import parse_duration
from exporter.spec.yaml_document import parse

FASTER: Final = 60
"""How many times shorter the waits are."""

_WAITS: Final = ("for", "keep_firing_for", "group_wait", "group_interval")
_OF_NOW: Final = {Layer.EXPORTER, Layer.FRESHNESS}
"""The layers of alerts that are left out: on programs, which start no faster than elsewhere, and on the age of the log,
whose time is not the present."""


def hurried_copy(source: Path, target: Path) -> Path:
    """Write a generated file with shorter waits, as JSON, which is YAML; return its path.

    Raises:
        OSError: when a file cannot be read or written.
        SpecError: when the source is not YAML.
    """
    document = parse(source.read_text(encoding="utf-8"), str(source)).data
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(_hurried(document), indent=2))
    return target


def _hurried(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shorter(part) if key in _WAITS else _hurried(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hurried(part) for part in value if not _is_left_out(part)]
    return value


def _is_left_out(part: Any) -> bool:
    return isinstance(part, Mapping) and "alert" in part and part["labels"][LAYER] in _OF_NOW


def _shorter(duration: str) -> str:
    return f"{parse_duration(duration) // FASTER // timedelta(milliseconds=1)}ms"
