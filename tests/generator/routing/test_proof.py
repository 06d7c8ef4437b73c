from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from examples import RECEIVERS, hostile_model, model
from exporter.catalogue import ALERTS, Layer
from generator.documents import Documents, render
from generator.layout import ROUTE_CASES, ROUTING
from generator.proof.check import Outcome
from generator.routing.proof import INCIDENTS, TICKETS, simulate
from generator.serialization import from_yaml
from generator.sharing import shared_receivers

ALERTING = {
    "page": {"webhook": RECEIVERS["webhook"]},
    "ticket": {"slack": RECEIVERS["slack"], "hours": "Mon-Fri 09:00-18:00"},
}
MODELS = tuple(model({"name": name}, alerting=ALERTING) for name in ("fraud", "churn", "prices"))
SHARED_PAGE, SHARED_TICKET = (
    f"shared-{shared['kind']}-{shared['suffix']}"
    for shared in shared_receivers([loaded.spec.as_arguments() for loaded in MODELS])
)
OUTAGES = "outages: an alert of all 3 models at once is one notification to each receiver"
INDEPENDENCE = "independence: no alert of 3 models inhibits an alert of another model"


@pytest.fixture(scope="module")
def documents() -> Documents:
    return render(MODELS)


def failures(documents: Documents, **changes: Any) -> list[Outcome]:
    """Return the failures after keys of the routing are replaced."""
    routing = from_yaml(documents[ROUTING]) | changes
    return [outcome for outcome in simulate(documents | {ROUTING: yaml.safe_dump(routing)}) if not outcome.ok]


def test_generated_routing_passes_and_each_outcome_is_one_line(documents: Documents) -> None:
    outcomes = [str(outcome) for outcome in simulate(documents)]
    causes = [alert for alert in ALERTS if alert.name in TICKETS or (alert.layer, alert.severity) in INCIDENTS]
    assert len(outcomes) == len(MODELS) * (len(causes) + 1) + 2
    later = sum(list(Layer).index(alert.layer) > 0 for alert in ALERTS)
    assert f"ok: incident: LeewayExporterDown of fraud inhibits {later} other alerts -> {SHARED_PAGE}" in outcomes
    assert "ok: hours: tickets of churn at 10 instants" in outcomes
    assert outcomes[-2:] == [f"ok: {OUTAGES}", f"ok: {INDEPENDENCE}"]
    assert not [line for line in outcomes if not line.startswith("ok: ") or "\n" in line]


def test_hostile_names_pass() -> None:
    assert all(outcome.ok for outcome in simulate(render([hostile_model(), *MODELS[1:]])))


def test_a_model_alone_is_compared_with_none() -> None:
    assert not [outcome for outcome in simulate(render([model()])) if "models" in outcome.what]


def rules(documents: Documents) -> list[dict[str, Any]]:
    return list(from_yaml(documents[ROUTING])["inhibit_rules"])


def test_a_cause_that_inhibits_nothing_fails(documents: Documents) -> None:
    for index, rule in enumerate(rules(documents)):
        given = rules(documents)
        del given[index]
        failed = failures(documents, inhibit_rules=given)
        assert len(failed) >= len(MODELS), rule
        assert all(outcome.what.startswith("incident: ") for outcome in failed)
        details = "".join(outcome.detail for outcome in failed)
        assert "fraud-" in details or SHARED_PAGE in details


def test_an_inhibition_rule_without_the_model_fails(documents: Documents) -> None:
    given = [rule | {"equal": [name for name in rule["equal"] if name != "model"]} for rule in rules(documents)]
    (failed,) = failures(documents, inhibit_rules=given)
    assert failed.what == INDEPENDENCE
    assert "MLPredictionScoreShift of churn is inhibited" in failed.detail


@pytest.mark.parametrize("number", range(len(MODELS)))
def test_a_model_that_inhibits_one_other_model_fails(number: int, documents: Documents) -> None:
    source, target = MODELS[number].spec.name, MODELS[number - 1].spec.name
    stray = {
        "source_matchers": [f"model={source}", "layer=exporter"],
        "target_matchers": [f"model={target}", "layer=score"],
    }
    (failed,) = failures(documents, inhibit_rules=[*rules(documents), stray])
    assert f"of {target} is inhibited" in failed.detail


@pytest.mark.parametrize(
    "change",
    [{"location": "UTC"}, {"weekdays": ["monday:saturday"]}, {"times": [{"start_time": "09:00", "end_time": "18:01"}]}],
)
def test_hours_other_than_the_spec_s_fail(change: dict[str, Any]) -> None:
    zoned = render([model(alerting=ALERTING, seasonality={"timezone": "Europe/Berlin"})])
    assert failures(zoned) == []
    (named,) = from_yaml(zoned[ROUTING])["time_intervals"]
    changed = [named | {"time_intervals": [named["time_intervals"][0] | change]}]
    failed = [
        outcome
        for outcome in failures(zoned, time_intervals=changed)
        if outcome.what.startswith("hours: tickets of fraud")
    ]
    assert len(failed) == 1
    assert "MLFeatureDriftHigh at 2026-" in failed[0].detail


@pytest.mark.parametrize(("place", "receiver"), [(0, SHARED_PAGE), (1, SHARED_TICKET)])
def test_an_outage_that_is_a_notification_for_each_model_fails(place: int, receiver: str, documents: Documents) -> None:
    route = from_yaml(documents[ROUTING])["route"]
    route["routes"][0]["routes"][place]["group_by"] = ["model", "layer"]
    (failed,) = failures(documents, route=route)
    assert failed.what == OUTAGES
    assert f" is 3 notifications to {receiver}" in failed.detail


def test_a_page_with_hours_fails(documents: Documents) -> None:
    route = from_yaml(documents[ROUTING])["route"]
    page, ticket, _ = route["routes"][0]["routes"][2]["routes"]
    page["active_time_intervals"] = ticket["active_time_intervals"]
    (failed,) = failures(documents, route=route)
    assert failed.what == "hours: tickets of fraud at 10 instants"
    assert "MLDataDriftHigh at 2026-01-12T08:59:00+00:00: sent to nobody" in failed.detail


def test_invalid_routing_is_a_failure(documents: Documents) -> None:
    (failed,) = failures(documents, inhibit_rules=[{"source_matchers": ["no matcher"]}])
    assert (failed.what, failed.detail) == (f"routing of {ROUTING}", "  no matcher: not a matcher of Alertmanager")


def test_cases_that_a_team_has_changed_are_the_ones_tested(documents: Documents) -> None:
    expected = json.loads(documents[ROUTE_CASES])
    for case in expected["cases"]:
        case["receivers"] = ["nobody"]
    changed = documents | {PurePosixPath(ROUTE_CASES): json.dumps(expected)}
    assert all(not outcome.ok for outcome in list(simulate(changed))[:-2])
