from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.errors import SpecError
from exporter.spec.loading import load_all
from fraud_log import local_spec_document
from spec_parts import inconsistencies

FEATURES = [{"name": "dest", "type": "categorical"}, {"name": "delay", "type": "numeric"}]


def change(**given: str) -> dict[str, str]:
    return {"feature": "dest", "since": "2026-05-16", "why": "new airports", **given}


def found(*accepted: dict[str, str]) -> list[str]:
    return inconsistencies(features=FEATURES, accepted=list(accepted))


def test_changes_of_features_and_categories() -> None:
    assert found(change(), change(feature="delay"), change(category="ABQ"), change(category="BGR")) == []
    assert found(change(), change(since="2026-06-01")) == []


def test_an_unknown_feature_has_a_suggestion() -> None:
    assert found(change(feature="dst")) == ['spec.accepted[0].feature: is not a feature; did you mean "dest"?']
    assert found(change(feature="x")) == ["spec.accepted[0].feature: is not a feature"]


def test_a_category_needs_a_categorical_feature() -> None:
    assert found(change(feature="delay", category="1")) == [
        "spec.accepted[0].category: is only for a categorical feature; delay is numeric"
    ]


def test_the_same_change_twice() -> None:
    assert found(change(), change(why="again")) == ["spec.accepted[1]: is given twice: see accepted[0]"]


def write(folder: Path, **body: Any) -> Path:
    path = folder / "fraud.yaml"
    path.write_text(yaml.safe_dump(local_spec_document(features=FEATURES, **body), sort_keys=False))
    return path


@pytest.mark.parametrize(("zone", "hour", "fails"), [("UTC", 23, True), ("Pacific/Auckland", 13, False)])
def test_a_day_in_the_future_is_a_mistake_in_the_model_s_zone(
    tmp_path: Path, zone: str, hour: int, fails: bool
) -> None:
    path = write(tmp_path, accepted=[change()], seasonality={"timezone": zone})
    now = datetime(2026, 5, 15, hour, tzinfo=UTC)
    assert load_all([path])
    if not fails:
        assert load_all([path], now)
        return
    with pytest.raises(SpecError) as error:
        load_all([path], now)
    (problem,) = error.value.problems
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "since" in text)
    assert (problem.line, problem.path) == (line, "spec.accepted[0].since")
    assert problem.message == "is in the future: today is 2026-05-15"
