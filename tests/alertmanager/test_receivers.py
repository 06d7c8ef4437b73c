from __future__ import annotations

import json
from pathlib import Path

import pytest

from amtool import accepted, routing_of
from examples import RECEIVERS, hostile_model, model
from generator.options import Options


@pytest.mark.parametrize("kind", RECEIVERS)
@pytest.mark.parametrize("metadata", [{}, {"grafana": None, "runbooks": None}], ids=["linked", "bare"])
def test_every_kind_of_receiver_is_accepted(kind: str, metadata: dict[str, None], tmp_path: Path) -> None:
    one = {kind: RECEIVERS[kind]}
    routing = routing_of(model(metadata, alerting={"page": one, "ticket": one}))
    assert [receiver["name"] for receiver in routing["receivers"]] == ["default", "null", "fraud-page", "fraud-ticket"]
    assert set(routing["receivers"][2]) == {"name", f"{kind}_configs"}
    valid, output = accepted(routing, tmp_path)
    assert valid, output


def test_a_receiver_may_have_several_ways() -> None:
    routing = routing_of(model(alerting={"page": RECEIVERS}))
    assert set(routing["receivers"][2]) == {"name"} | {f"{kind}_configs" for kind in RECEIVERS}


def test_default_and_null_tell_nobody() -> None:
    assert routing_of(model(alerting={}))["receivers"] == [{"name": "default"}, {"name": "null"}]


def test_hostile_text_is_accepted(tmp_path: Path) -> None:
    valid, output = accepted(routing_of(hostile_model()), tmp_path)
    assert valid, output


def test_a_spec_that_names_no_servers_has_no_links() -> None:
    bare = routing_of(model({"grafana": None, "runbooks": None}, alerting={"page": RECEIVERS}))
    (pagerduty,), (slack,) = (bare["receivers"][2][f"{kind}_configs"] for kind in ("pagerduty", "slack"))
    assert pagerduty["links"] == []
    assert "client_url" not in pagerduty
    assert [action["text"] for action in slack["actions"]] == ["Silence"]
    assert "_url }}" not in json.dumps(bare)


def test_a_mail_server_is_named_only_where_there_is_mail() -> None:
    mail = Options(smarthost="mail.example.com:587", sender="alerts@example.com")
    with_mail = routing_of(model(alerting={"page": {"email": RECEIVERS["email"]}}), options=mail)
    assert with_mail["global"] == {"smtp_smarthost": "mail.example.com:587", "smtp_from": "alerts@example.com"}
    assert "global" not in routing_of(model(alerting={"page": {"slack": RECEIVERS["slack"]}}), options=mail)


def test_secrets_are_files() -> None:
    text = json.dumps(routing_of(model(alerting={"page": RECEIVERS})))
    for key in ("routing_key", "service_key", "api_url", "api_key"):
        assert f'"{key}":' not in text


ARGO = {"url": "https://argo.example.com", "namespace": "ml", "event": "drift", "template": "retrain"}
HOOK = {"url": "http://hook:9878/retrain", "token_file": "/secrets/hook"}
GATE = {"metric": "auroc", "at_least": 0.9, "window": "7d"}


@pytest.mark.parametrize(
    ("retrain", "url", "token"),
    [
        ({"argo": ARGO}, "https://argo.example.com/api/v1/events/ml/drift", None),
        ({"argo": ARGO | {"token_file": "/argo"}}, "https://argo.example.com/api/v1/events/ml/drift", "/argo"),
        ({"argo": ARGO | {"token_file": "/argo"}, "hook": HOOK, "gate": GATE}, HOOK["url"], "/secrets/hook"),
        ({"sagemaker": {"pipeline": "x"}, "hook": HOOK, "gate": GATE}, HOOK["url"], "/secrets/hook"),
    ],
)
def test_the_retraining_receiver_has_its_url_and_token(
    retrain: dict[str, object], url: str, token: str | None, tmp_path: Path
) -> None:
    routing = routing_of(model(alerting={"retrain": retrain}))
    (receiver,) = [receiver for receiver in routing["receivers"] if receiver["name"] == "fraud-retrain"]
    (webhook,) = receiver["webhook_configs"]
    assert (webhook["url"], webhook["send_resolved"]) == (url, False)
    authorization = {"authorization": {"credentials_file": token}} if token else None
    assert webhook.get("http_config") == authorization
    valid, output = accepted(routing, tmp_path)
    assert valid, output
