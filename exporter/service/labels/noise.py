"""How much performance varies between days: fitted to the reference's labels or to the log's, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import numpy as np

from exporter.labels.outcomes import Outcome
from exporter.profiles.group import Group
from exporter.samples.labels.estimators import Estimator
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
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
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was fitted on a reference that is a data set: an estimator, and how its days vary."""

    estimator: Estimator | None = None
    noise: LabelNoise = INDEPENDENT


NOTHING: Final = Fitted()
"""Nothing was fitted on a data set."""


class LogFits(Generic[T]):
    """A fit to outcomes of the log that are in memory; it is made again when they change."""

    def __init__(self, fit: Callable[[Outcomes], T]) -> None:
        """Nothing is fitted yet; `fit` is made to the outcomes by partition."""
        self._fit = fit
        self._current: tuple[Outcomes, T] | None = None

    def fit(self, hours: Outcomes) -> T:
        """Return the fit to the outcomes by partition."""
        if self._current is None or not _same(hours, self._current[0]):
            self._current = (hours, self._fit(hours))
        return self._current[1]


def _same(hours: Outcomes, before: Outcomes) -> bool:
    return hours.keys() == before.keys() and all(outcomes is before[start] for start, outcomes in hours.items())


def past_hours(spec: ModelSpec, hours: Outcomes, mature: datetime) -> Outcomes:
    """Return the mature outcomes of whole local days that windows are compared with: the same for all hours of a day.

    Those of the longest window are left out where two weeks remain: a change of the newest days must not hide itself.

    Args:
        spec: the model.
        hours: the outcomes by partition.
        mature: the end of mature predictions.
    """
    first, before = min(hours, default=mature), mature - max(spec.spec.windows)
    end = before if before - first >= _TWO_WEEKS else mature
    starts, calendar = sorted(hours), Calendar.of(spec.spec.seasonality)
    days = calendar.days([first - spec.spec.inference.grain, *starts, end])
    whole = (days[1:-1] > days[0]) & (days[1:-1] < days[-1])
    return {start: hours[start] for start, inside in zip(starts, whole.tolist(), strict=True) if inside}


def save_noise(store: ProfileStore, key: Key, noise: LabelNoise) -> None:
    """Save a fit, in place of all others of the key's group.

    Raises:
        OSError: when the disk refuses.
    """
    excess = {
        name: {part.name: getattr(each, part.name).tolist() for part in fields(each)}
        for name, each in noise.excess.items()
    }
    store.save_arrays(key, {}, {"hours": noise.hours, "excess": excess})
    store.prune(key.group, [key])


def load_noise(store: ProfileStore, key: Key) -> LabelNoise | None:
    """Return the fit under a key; None where there is none, or an earlier release has made it otherwise."""
    stored, names = store.load_arrays(key), {part.name for part in fields(Excess)}
    if stored is None or not all(
        isinstance(each, dict) and each.keys() == names for each in stored[1]["excess"].values()
    ):
        return None
    excess = {
        name: Excess(**{part: np.array(values) for part, values in parts.items()})
        for name, parts in stored[1]["excess"].items()
    }
    return LabelNoise(stored[1]["hours"], excess)
