"""The series of a model that its alerts read, tested with promtool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from examples import BODY, model
from exporter import catalogue
from exporter.catalogue import Alert
from exporter.spec.loading import LoadedSpec
from promtool import firing, rules_of, series

INFERENCE = BODY["inference"]
ROLES = {"inference": INFERENCE | {"columns": INFERENCE["columns"] | {"role": "role"}}}
OWN = {"model": "fraud", "env": "prod", "version": "v3", "window": "1h"}
US = {"segment": "country_code=US"}
DRIFT = catalogue.DATA_DRIFT_HIGH


def fires(loaded: LoadedSpec, alert: Alert, labels: dict[str, str], folder: Path, *, read: bool) -> None:
    """Assert that a series far above its threshold fires, or that it does not."""
    own = OWN | labels
    values = {series(alert.metric, own): "9x60", series(alert.metric.threshold(), own): "1x60"}
    firing(rules_of(loaded)[alert.name], values, "1h", [own] if read else [], folder)


@pytest.mark.parametrize(
    ("role", "read"),
    [({}, True), ({"role": "champion"}, True), ({"role": "canary"}, True), ({"role": "challenger"}, False)],
)
@pytest.mark.parametrize("alert", [DRIFT, catalogue.PREDICTION_SCORE_SHIFT, catalogue.SEGMENT_DRIFT_ALERT])
def test_a_challengers_drift_does_not_page(alert: Alert, role: dict[str, str], read: bool, tmp_path: Path) -> None:
    labels = role | (US if alert.segments else {})
    fires(model(**ROLES), alert, labels, tmp_path, read=read)


@pytest.mark.parametrize(("alert", "read"), [(DRIFT, False), (catalogue.SEGMENT_DRIFT_ALERT, True)])
def test_only_the_segment_alert_fires_for_drift_of_a_segment(alert: Alert, read: bool, tmp_path: Path) -> None:
    fires(model(), alert, US, tmp_path, read=read)


def test_without_roles_and_segments_no_rule_has_these_labels() -> None:
    rules: dict[str, Any] = rules_of(model(segments=[]))
    texts = "".join(rule["expr"] + rule["annotations"]["description"] for rule in rules.values())
    assert catalogue.ROLE not in texts
    assert catalogue.SEGMENT not in texts


def test_an_alert_on_the_whole_traffic_shows_its_threshold() -> None:
    description = rules_of(model(**ROLES))[DRIFT.name]["annotations"]["description"]
    assert (
        r'segment=\"\",version=%[1]q,window=%[2]q,role=%[3]q})" $labels.version $labels.window $labels.role'
        in description
    )
