from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amtool import routing_of
from examples import HOSTILE, RECEIVERS, hostile_model, model
from exporter.errors import RenderError
from generator.options import Options
from generator.targets.alertmanager_config import translate
from retraining import retrained

HOURS = {"page": RECEIVERS, "ticket": {**RECEIVERS, "hours": "Mon-Fri 09:00-18:00"}}
NEW_YORK = {"timezone": "America/New_York"}


def spec(routing: dict[str, Any]) -> dict[str, Any]:
    translated: dict[str, Any] = translate(routing, Options()).document["spec"]
    return translated


def receiver(name: str) -> dict[str, Any]:
    (found,) = (one for one in spec(routing_of(model(alerting=HOURS)))["receivers"] if one["name"] == name)
    return found


def test_the_root_takes_only_our_layers_so_alerts_of_others_pass() -> None:
    root = spec(routing_of(model()))["route"]
    assert [one["name"] for one in root["matchers"]] == ["layer"]
    assert root["groupBy"] == ["model", "layer", "namespace"]
    assert root["receiver"] == "default"


def test_routes_say_the_same_as_in_the_file() -> None:
    routing = routing_of(model(alerting=HOURS))

    def shape(route: dict[str, Any]) -> Any:
        return (
            route.get("receiver"),
            len(route.get("matchers", ())),
            route.get("group_wait") or route.get("groupWait"),
            route.get("active_time_intervals") or route.get("activeTimeIntervals"),
            [shape(child) for child in route.get("routes", ())],
        )

    assert shape(spec(routing)["route"])[1:] == shape(routing["route"]["routes"][0])[1:]


def test_the_hooks_token_is_a_key_of_a_secret_too() -> None:
    translation = translate(routing_of(retrained()), Options())
    (hook,) = (one for one in translation.document["spec"]["receivers"] if one["name"] == "fraud-retrain")
    credentials = {"name": "leeway-alertmanager", "key": "hook"}
    assert hook["webhookConfigs"][0]["httpConfig"] == {"authorization": {"credentials": credentials}}
    assert [remark for remark in translation.remarks if "/secrets/hook" in remark]


def test_every_kind_of_receiver_is_spelt_as_the_api_has_it() -> None:
    page = receiver("fraud-page")
    (pagerduty,), (slack,), (opsgenie,) = page["pagerdutyConfigs"], page["slackConfigs"], page["opsgenieConfigs"]
    (email,), (webhook,) = page["emailConfigs"], page["webhookConfigs"]
    assert pagerduty["routingKey"] == {"name": "leeway-alertmanager", "key": "pagerduty"}
    assert pagerduty["pagerDutyLinkConfigs"][0]["alt"] == "Dashboard"
    assert {"key": "Team", "value": "ml-platform"} in pagerduty["details"]
    assert slack["apiURL"] == {"name": "leeway-alertmanager", "key": "slack"}
    assert slack["titleLink"]
    assert opsgenie["apiKey"] == {"name": "leeway-alertmanager", "key": "opsgenie"}
    assert (email["smarthost"], email["from"]) == ("localhost:25", "alertmanager@localhost")
    assert [header["key"] for header in email["headers"]] == ["Subject"]
    assert webhook == {"url": "https://hooks.example.com/ml", "sendResolved": True}


def test_hours_are_in_utc_and_a_remark_says_so() -> None:
    translation = translate(routing_of(model(alerting=HOURS, seasonality=NEW_YORK)), Options())
    (interval,) = translation.document["spec"]["muteTimeIntervals"]
    assert interval["timeIntervals"] == [
        {"weekdays": ["monday:friday"], "times": [{"startTime": "13:00", "endTime": "23:00"}]}
    ]
    assert [remark for remark in translation.remarks if "America/New_York" in remark]


def test_there_is_a_remark_for_each_thing_that_is_otherwise_and_for_no_other() -> None:
    least = translate(routing_of(model(alerting={"page": {"webhook": RECEIVERS["webhook"]}})), Options()).remarks
    assert len(least) == 2
    everything = translate(routing_of(model(alerting=HOURS, seasonality=NEW_YORK)), Options()).remarks
    new = [remark for remark in everything if remark not in least]
    assert [bool(re.search(text, one)) for one, text in zip(new, ["zone", "file", "file", "file", "mail"], strict=True)]
    assert "namespace ml," in translate(routing_of(model()), Options(namespace="ml")).remarks[0]


def selectors(*files: str) -> list[tuple[str, str]]:
    configs = [{"routing_key_file": file} for file in files]
    routing = {"route": {"receiver": "a"}, "receivers": [{"name": "a", "pagerduty_configs": configs}]}
    (made,) = spec(routing)["receivers"]
    return [(one["routingKey"]["name"], one["routingKey"]["key"]) for one in made["pagerdutyConfigs"]]


def test_a_file_is_a_key_of_the_secret_that_the_operator_mounts_there() -> None:
    assert selectors("/etc/alertmanager/secrets/pager/key") == [("pager", "key")]


def test_other_files_are_keys_by_their_name_and_by_their_path_where_names_are_alike() -> None:
    assert selectors("/a/key", "/b/key", "/c/other") == [
        ("leeway-alertmanager", "a-key"),
        ("leeway-alertmanager", "b-key"),
        ("leeway-alertmanager", "other"),
    ]


@given(st.text(min_size=1).filter(lambda text: "\n" not in text))
def test_a_matcher_keeps_its_value(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    route = {"receiver": "a", "matchers": [f'env="{quoted}"']}
    made = spec({"route": route, "receivers": [{"name": "a"}]})["route"]
    assert made["matchers"] == [{"name": "env", "matchType": "=", "value": value}]


def test_hostile_labels_stay_values() -> None:
    branch = spec(routing_of(hostile_model()))["route"]["routes"][0]
    assert {"name": "env", "matchType": "=", "value": HOSTILE} in branch["matchers"]


@pytest.mark.parametrize(
    ("text", "kind", "value"), [("a!=b", "!=", "b"), ('a=~"b|c"', "=~", "b|c"), ("a!~b.*", "!~", "b.*")]
)
def test_matchers_of_an_overlay_may_be_written_otherwise(text: str, kind: str, value: str) -> None:
    made = spec({"route": {"receiver": "r", "matchers": [text]}, "receivers": [{"name": "r"}]})["route"]["matchers"]
    assert made == [{"name": "a", "matchType": kind, "value": value}]


def test_what_cannot_be_expressed_at_all_is_an_error() -> None:
    with pytest.raises(RenderError, match="matcher"):
        spec({"route": {"receiver": "r", "matchers": ["{"]}, "receivers": [{"name": "r"}]})
    january = {"name": "n", "time_intervals": [{"months": ["january"]}]}
    with pytest.raises(RenderError, match="months cannot be converted to UTC"):
        spec({"route": {"receiver": "r"}, "receivers": [{"name": "r"}], "time_intervals": [january]})
