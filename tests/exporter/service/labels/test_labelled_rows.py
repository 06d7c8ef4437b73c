"""The sums of outcomes of hours, which are saved whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exporter import catalogue
from exporter.profiles.group import Group
from exporter.service.labels.labelled_rows import equal, labelled_rows, load_rows, save_rows
from exporter.spec.model import ModelSpec
from exporter.store.profiles import Key, ProfileStore
from fraud_log import labelled_spec_document
from random_outcomes import hour_outcome, outcome_of

SPEC = ModelSpec.model_validate(labelled_spec_document(windows=["24h"]))


def test_hours_add_up_over_versions_and_without_challengers() -> None:
    left, right, shadow = hour_outcome(1, 1.0), hour_outcome(2, 0.5), hour_outcome(3, 1.0)
    parts = [{Group("a"): left}, {Group("b", "champion"): right, Group("c", catalogue.CHALLENGER): shadow}]
    found = labelled_rows(SPEC, parts)
    assert found is not None
    assert left.by_score is not None
    assert right.by_score is not None
    assert equal(found, [left.by_score + right.by_score])
    assert labelled_rows(SPEC, [{Group("c", catalogue.CHALLENGER): shadow}]) is None


def test_rows_are_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    first, second = (outcome_of(np.array([0.1, 0.5]), np.array([label, 1.0])).by_score for label in (0.0, 1.0))
    assert first is not None
    assert second is not None
    store, key = ProfileStore(tmp_path), Key("fraud/labelled-reference", "period", ("content",))
    save_rows(store, key, [first, second])
    found = load_rows(store, key, 2)
    assert found is not None
    assert equal(found, [first, second])
    assert not equal(found, [second, first])
    assert load_rows(store, key, 3) is None, "of another number of scores"
    save_rows(store, Key("fraud/labelled-reference", "period", ("other",)), [first])
    assert load_rows(store, key, 2) is None, "the newest alone is kept"
