"""What texts say of other series than the alert's own: each kind of change, and only the model's own series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from examples import model
from exporter import catalogue
from exporter.catalogue import FEATURE, METRICS, MODEL, REASON, SEGMENT, VERSION, WINDOW, Broken, Metric
from exporter.spec.loading import load_all
from generator.jsonnet import LIBRARY
from promtool import rules_of, series, whole_verdict

OWN = {MODEL: "fraud", "env": "prod", VERSION: "v3", WINDOW: "1h", "job": "leeway"}
SAME, UNIT = (
    "every value is the same, as from a frozen source",
    "all values are multiplied alike, as by a change of unit",
)
MISSING, OTHER = "more values are missing than in the reference", "the mix of values is another one"
MEAN, BEFORE = catalogue.FEATURE_MEAN, catalogue.FEATURE_MEAN_REFERENCE
SCALE, SPREAD = catalogue.FEATURE_SCALE_FACTOR, catalogue.FEATURE_STDDEV_RATIO
SHIFT, NULLS = catalogue.FEATURE_MEAN_SHIFT, catalogue.FEATURE_NULL_RATIO
PRICE = {MEAN: 56410.0, BEFORE: 86697.0, SHIFT: -0.4}
KINDS: dict[str, tuple[Mapping[Metric, float] | Broken, str]] = {
    "lost": (Broken.NULLS, "every value is missing"),
    "stuck": (Broken.CONSTANT, SAME),
    "cents": (Broken.SCALE, UNIT),
    "recoded": (Broken.CATEGORIES, "most values are new categories"),
    "flat": ({SPREAD: 0.0}, SAME),
    "pounds": (PRICE | {SCALE: 0.66, SPREAD: 0.65}, UNIT),
    "holes": ({NULLS: 0.4, NULLS.threshold(): 0.1}, MISSING),
    "later": (PRICE | {SCALE: 1.0, SPREAD: 1.02}, "all values have shifted, their spread is as before"),
    "wide": (PRICE | {SCALE: 1.0, SPREAD: 1.8}, "values spread further"),
    "narrow": ({SPREAD: 0.5, SHIFT: 0.1}, "values spread less"),
    "mix": ({SPREAD: 1.1, SHIFT: 0.1, NULLS: 0.05, NULLS.threshold(): 0.1}, OTHER),
    "unknown": ({}, OTHER),
}
"""By feature: its gauges or its reason to be broken, and the kind of change that they look like."""


def gauges(feature: str, given: Mapping[Metric, float] | Broken) -> dict[str, str]:
    own = OWN | {FEATURE: feature}
    drift = {catalogue.FEATURE_PSI: 0.361 + list(KINDS).index(feature) / 100, catalogue.FEATURE_PSI_THRESHOLD: 0.2}
    if isinstance(given, Broken):
        return gauges(feature, {}) | {series(catalogue.FEATURE_BROKEN, own | {REASON: given}): "1x40"}
    return {series(metric, own): f"{value}x40" for metric, value in (drift | dict(given)).items()}


ALERTS = (catalogue.FEATURE_DRIFT_HIGH.name, catalogue.FEATURE_BROKEN_ALERT.name)


@pytest.fixture(scope="module")
def by_alert(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The description of each alert of each feature, from one call of promtool; *pounds* is broken too."""
    rules = [rules_of(model())[name] for name in ALERTS]
    inputs = [
        {"series": name, "values": values}
        for feature, (given, _) in KINDS.items()
        for name, values in gauges(feature, given).items()
    ]
    other = OWN | {FEATURE: "pounds", REASON: Broken.DISTRIBUTION}
    inputs.append({"series": series(catalogue.FEATURE_BROKEN, other), "values": "1x40"})
    tests = [{"eval_time": "20m", "alertname": name} for name in ALERTS]
    proof = {
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": inputs, "alert_rule_test": tests}],
    }
    _, output = whole_verdict({"groups": [{"name": "g", "rules": rules}]}, proof, tmp_path_factory.mktemp("facts"))
    found = re.findall(r'alertname="(\w+)".*?feature="(\w+)".*?description="(.*?)", runbook', output, re.DOTALL)
    return {alert: {feature: text for name, feature, text in found if name == alert} for alert in ALERTS}


@pytest.fixture(scope="module")
def descriptions(by_alert: dict[str, dict[str, str]]) -> dict[str, str]:
    return by_alert[ALERTS[0]]


@pytest.mark.parametrize("feature", KINDS)
def test_a_kind_of_change_is_recognised(descriptions: dict[str, str], feature: str) -> None:
    assert f"\\nLikely kind: {KINDS[feature][1]}.\\n" in descriptions[feature]


def test_a_broken_feature_is_of_the_kind_that_the_alert_on_its_drift_names(by_alert: dict[str, dict[str, str]]) -> None:
    broken = by_alert[ALERTS[1]]
    assert broken.keys() == {"lost", "stuck", "cents", "recoded", "pounds"}
    assert all(f": {KINDS[feature][1]}.\\nPSI " in text for feature, text in broken.items())


def test_values_have_the_feature_s_own_units_and_a_factor(descriptions: dict[str, str]) -> None:
    assert descriptions["pounds"].startswith(
        "PSI of pounds 0.411 (limit 0.2), mean 56,410 (reference 86,697, \u00d7 0.651); version v3, 1h window."
    )
    assert ", 40% missing;" in descriptions["holes"]
    assert "mean" not in descriptions["unknown"]


def test_the_other_features_that_drifted_are_named_without_the_alert_s_own(descriptions: dict[str, str]) -> None:
    assert "\\nAlso drifted: unknown (PSI 0.471), mix (PSI 0.461), narrow (PSI 0.451)." in descriptions["pounds"]
    assert "Also drifted: unknown (PSI 0.471), narrow (PSI 0.451), wide (PSI 0.441)." in descriptions["mix"]


def texts() -> list[tuple[Any, str, str]]:
    specs = [model(segments=["country_code"]), *load_all([LIBRARY / "tests" / "specs" / "valid" / "regression.yaml"])]
    return [
        (loaded, rule["alert"], text.replace('\\"', '"'))
        for loaded in specs
        for rule in rules_of(loaded).values()
        for text in rule["annotations"].values()
    ]


def test_every_query_of_a_text_reads_existing_series_of_the_model_alone() -> None:
    known = {metric.name: metric for metric in METRICS}
    found = 0
    for loaded, alert, text in texts():
        for name, matchers in re.findall(r"((?:ml|leeway)_\w+)\{(.*?)\}", text):
            labels = set(re.findall(r"(\w+)(?:=|!=|=~)\"?%?", matchers))
            metadata = loaded.spec.metadata
            assert f'{MODEL}="{metadata.name}"' in matchers, (alert, name)
            assert {*known[name].labels, *metadata.labels} >= labels, (alert, name)
            whole = loaded.spec.spec.segments and SEGMENT in known[name].labels
            assert not whole or SEGMENT in labels, (alert, name)
            found += 1
    assert found > 200
