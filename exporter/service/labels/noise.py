"""How much performance varies between days: fitted to the reference's labels or to the log's, and kept on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from exporter.labels.outcomes import Outcome
from exporter.profiles.group import Group
from exporter.samples.labels.estimators import Estimator
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise, fit_log
from exporter.spec.model import ModelSpec
from exporter.statistics.labels.design_effect import FEWEST_DAYS, Excess
from exporter.store.profiles import Key, ProfileStore

GROUP: Final = "label-noise"
"""Its group in the store, below the model's name."""
SUBJECT: Final = "days of labels"
"""The subject of the remark that it is not known."""
UNKNOWN: Final = (
    f"fewer than {FEWEST_DAYS} days have labels, so labels are taken as independent; where outcomes come in storms,"
    " intervals and thresholds of performance are too narrow. A reference with labels and times gives more days."
)

_TWO_WEEKS: Final = timedelta(weeks=2)

Outcomes = Mapping[datetime, Mapping[Group, Outcome]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was fitted on a reference that is a data set: an estimator, and how its days vary."""

    estimator: Estimator | None = None
    noise: LabelNoise = INDEPENDENT


NOTHING: Final = Fitted()
"""Nothing was fitted on a data set."""


class LogNoise:
    """The fit to outcomes of the log that are in memory; it is made again when they change."""

    def __init__(self, spec: ModelSpec) -> None:
        """Nothing is fitted yet."""
        self._spec = spec
        self._current: tuple[Outcomes, LabelNoise] = ({}, INDEPENDENT)

    def fit(self, hours: Outcomes) -> LabelNoise:
        """Return the fit to the outcomes by partition."""
        before, noise = self._current
        if hours.keys() != before.keys() or any(outcomes is not before[start] for start, outcomes in hours.items()):
            noise = fit_log(self._spec, hours)
            self._current = (hours, noise)
        return noise


def past_hours(spec: ModelSpec, hours: Outcomes, mature: datetime) -> Outcomes:
    """Return the mature outcomes that windows are compared with.

    Those of the longest window are left out where two weeks remain: a change of the newest days must not hide itself.

    Args:
        spec: the model.
        hours: the outcomes by partition.
        mature: the end of mature predictions.
    """
    first, before = min(hours, default=mature), mature - max(spec.spec.windows)
    end = before if before - first >= _TWO_WEEKS else mature
    return {start: outcomes for start, outcomes in hours.items() if start < end}


def save_noise(store: ProfileStore, key: Key, noise: LabelNoise) -> None:
    """Save a fit, in place of all others of the key's group.

    Raises:
        OSError: when the disk refuses.
    """
    excess = {
        name: [each.lengths.tolist(), each.hourly.tolist(), each.freedom.tolist()]
        for name, each in noise.excess.items()
    }
    store.save_arrays(key, {}, {"hours": noise.hours, "excess": excess})
    store.prune(key.group, [key])


def load_noise(store: ProfileStore, key: Key) -> LabelNoise | None:
    """Return the fit under a key; None where there is none."""
    stored = store.load_arrays(key)
    if stored is None:
        return None
    excess = {name: Excess(*map(np.array, parts)) for name, parts in stored[1]["excess"].items()}
    return LabelNoise(stored[1]["hours"], excess)
