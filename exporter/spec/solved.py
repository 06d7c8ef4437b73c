"""What `leeway backtest` has solved for a spec: a small file beside it, to be kept and deployed with it.

`models/fraud.yaml` has `models/fraud.solved.json`. It holds the false-positive rate that keeps the spec's false-alarm
budget on the model's own log, and what that was measured on. Exporter and generator read it with the spec, so
thresholds, rules and dashboards are of one mind. A spec without a budget takes no notice of such a file.
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


def beside(path: Path) -> Path:
    """Where the file of a spec's stands."""
    return path.with_name(path.stem + _SUFFIX)


def text(rate: float, measured: Mapping[str, Any]) -> str:
    """The file's content; the same for the same values.

    Args:
        rate: the false-positive rate.
        measured: what it came from, for people.
    """
    told = "Written by leeway backtest; do not edit."
    return json.dumps({"about": told, "false_positive_rate": rate, **measured}, indent=2) + "\n"


def with_rate(spec: ModelSpec, rate: float) -> ModelSpec:
    """The spec with another false-positive rate."""
    thresholds = spec.spec.thresholds.model_copy(update={"false_positive_rate": rate})
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"thresholds": thresholds})})


def applied(spec: ModelSpec, path: Path) -> ModelSpec:
    """The spec that a file holds, with what has been solved for it.

    Raises:
        SpecError: when the file beside it cannot be read or does not hold a rate.
    """
    if spec.spec.alerting.false_alarms is None:
        return spec
    file = beside(path)
    try:
        return with_rate(spec, _Solved.model_validate_json(file.read_bytes()).false_positive_rate)
    except FileNotFoundError:
        return spec
    except (OSError, ValidationError):
        told = "does not hold a false_positive_rate: run leeway backtest again, or remove the file"
        raise SpecError((Problem(str(file), 0, "", told),)) from None
