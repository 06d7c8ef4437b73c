"""Every alert of the catalogue has a rule, a test and a page, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples import model
from exporter import catalogue
from exporter.catalogue import LAYER, SEVERITY, Alert, Layer, Severity
from generator.jsonnet import LIBRARY
from promtool import rendered, rules_of

PAGES = LIBRARY / "docs" / "alerts"
SECTIONS = [
    "What it means",
    "Impact",
    "Check first",
    "Commands",
    "Likely causes",
    "Fault or real change",
    "What to do",
    "When to retrain",
    "Tuning and silencing",
]
"""The sections of a page, in the order in which an on-call person needs them."""


def gaps(pages: Path = PAGES) -> set[str]:
    """The alerts that are in one place and not in the others."""
    names = {alert.name for alert in catalogue.ALERTS}
    tested = {group["name"].split(":")[0] for group in rendered(model())[1]["tests"]}
    places = {"rule": set(rules_of(model())), "test": tested, "page": {path.stem for path in pages.glob("*.md")}}
    missing = {f"{name} has no {place}" for place, has in places.items() for name in names - has}
    return missing | {
        f"{name} is not in the catalogue, but has a {place}" for place, has in places.items() for name in has - names
    }


def test_catalogue_rules_tests_and_pages_agree() -> None:
    assert gaps() == set()


def test_an_alert_that_is_only_in_the_catalogue_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    invented = Alert("MLInvented", Severity.INFO, Layer.SCORE, catalogue.PREDICTION_MEAN)
    monkeypatch.setattr(catalogue, "ALERTS", (*catalogue.ALERTS, invented))
    assert gaps() == {f"MLInvented has no {place}" for place in ("rule", "test", "page")}


def test_an_alert_that_is_renamed_on_one_side_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = catalogue.as_arguments()
    old = catalogue.DATA_DRIFT_HIGH
    arguments["alerts"][old.key]["name"] = "MLRenamed"
    monkeypatch.setattr(catalogue, "as_arguments", lambda: arguments)
    places = ("rule", "test")
    assert gaps() == {f"{old.name} has no {place}" for place in places} | {
        f"MLRenamed is not in the catalogue, but has a {place}" for place in places
    }


def test_names_and_keys_are_unique() -> None:
    assert len({alert.name for alert in catalogue.ALERTS}) == len(catalogue.ALERTS)
    assert len({alert.key for alert in catalogue.ALERTS}) == len(catalogue.ALERTS)


def test_an_alert_has_one_severity_and_one_layer() -> None:
    rules = [rule for group in rendered(model())[0]["groups"] for rule in group["rules"]]
    found = sorted((rule["alert"], rule["labels"][SEVERITY], rule["labels"][LAYER]) for rule in rules)
    assert found == sorted((alert.name, alert.severity, alert.layer) for alert in catalogue.ALERTS)


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_the_links_of_a_page_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("alert", catalogue.ALERTS, ids=lambda alert: alert.name)
def test_the_table_of_rules_names_an_alert_with_its_severity_and_layer(alert: Alert) -> None:
    row = f"| [{alert.name}](alerts/{alert.name}.md) | {alert.severity} | {alert.layer} |"
    assert row in (PAGES.parent / "alerting.md").read_text()


@pytest.mark.parametrize("alert", catalogue.ALERTS, ids=lambda alert: alert.name)
def test_a_page_has_all_sections(alert: Alert) -> None:
    text = (PAGES / f"{alert.name}.md").read_text()
    assert text.startswith(f"# {alert.name}\n")
    sections = [part.partition("\n\n") for part in text.split("\n## ")[1:]]
    assert [title for title, _, _ in sections] == SECTIONS
    assert all(len(words.split()) >= 3 for _, _, words in sections)
    assert "silence" in sections[-1][2].lower()
    assert f"`{alert.metric.name}`" in text
    assert f"severity **{alert.severity}**" in text
    assert f"layer **{alert.layer}**" in text
