"""The timings of alerts equal those of the generated rules."""

from __future__ import annotations

from datetime import timedelta

from examples import model
from exporter import catalogue
from exporter.spec.value_types import parse_duration
from generator.alert_timings import alert_timings
from generator.documents import RULES, render
from generator.serialization import from_yaml


def test_timings_equal_those_of_the_generated_rules() -> None:
    loaded = model(refresh={"interval": "10m"})
    written = from_yaml(render([loaded])[RULES / "fraud.yaml"])
    rules = [rule for group in written["groups"] for rule in group["rules"] if "alert" in rule]
    assert alert_timings(loaded.spec) == {
        rule["alert"]: (parse_duration(rule["for"]), parse_duration(rule["keep_firing_for"])) for rule in rules
    }
    assert alert_timings(loaded.spec)[catalogue.DATA_DRIFT_HIGH.name] == (timedelta(minutes=15), timedelta(minutes=30))
