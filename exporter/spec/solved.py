"""The false-positive rate that `leeway backtest` has solved for a spec: a small file next to the spec.

The file of `models/fraud.yaml` is `models/fraud.solved.json`. It contains the false-positive rate that keeps the spec's
false-alarm budget on the model's own log, and the measured alarms. Exporter and generator read it with the spec, so
thresholds, rules and dashboards agree. It is deployed together with the spec. A spec without a budget ignores it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from exporter.errors import Problem, SpecError
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import OpenRatio

_SUFFIX: Final = ".solved.json"


class _Solved(BaseModel):
    model_config = ConfigDict(extra="allow")

    false_positive_rate: OpenRatio


def solved_path(path: Path) -> Path:
    """Return the path of the file for a spec's path."""
    return path.with_name(path.stem + _SUFFIX)


def text(rate: float, measured: Mapping[str, Any]) -> str:
    """Return the content of the file; deterministic.

    Args:
        rate: the false-positive rate.
        measured: the measured alarms and their period, for information.
    """
    about = "Written by leeway backtest; do not edit."
    return json.dumps({"about": about, "false_positive_rate": rate, **measured}, indent=2) + "\n"


def with_rate(spec: ModelSpec, rate: float) -> ModelSpec:
    """Return the spec with another false-positive rate."""
    thresholds = spec.spec.thresholds.model_copy(update={"false_positive_rate": rate})
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"thresholds": thresholds})})


def with_solved_rate(spec: ModelSpec, path: Path) -> ModelSpec:
    """Return the spec of a path with the false-positive rate that was solved for it, if any.

    Raises:
        SpecError: when the file exists but cannot be read or contains no rate.
    """
    if spec.spec.alerting.false_alarms is None:
        return spec
    file = solved_path(path)
    try:
        return with_rate(spec, _Solved.model_validate_json(file.read_bytes()).false_positive_rate)
    except FileNotFoundError:
        return spec
    except (OSError, ValidationError):
        message = "does not contain a false_positive_rate: run leeway backtest again, or remove the file"
        raise SpecError((Problem(str(file), 0, "", message),)) from None
