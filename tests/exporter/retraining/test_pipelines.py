"""Both kinds of pipelines over HTTP: moto's SageMaker, and an Argo server's events endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.demo.processes import free_port
from exporter.retraining.notification import read
from exporter.retraining.pipelines import NotStarted, start
from exporter.spec.sections.retraining import Retrain
from retraining import body, firing, retrained
from stack import Receiver
from workflows import Sagemaker

NOTIFICATION = read(body(firing("a")))


EVENT = {
    "status": "firing",
    "commonLabels": firing("a")["labels"],
    "incident": NOTIFICATION.incident,
    "workflow": f"leeway-retrain-{NOTIFICATION.incident[:20]}",
}


def retrain(**given: object) -> Retrain:
    retrain_ = retrained(**given).spec.spec.alerting.retrain
    assert retrain_ is not None
    return retrain_


def argo(url: str, token_file: Path | None = None) -> Retrain:
    server = {"url": url, "namespace": "ml", "event": "drift", "template": "retrain"}
    return retrain(sagemaker=None, argo=server | ({"token_file": str(token_file)} if token_file else {}))


def test_a_pipeline_is_executed_with_the_incident_as_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sagemaker("retrain") as sagemaker:
        for name, value in sagemaker.environment().items():
            monkeypatch.setenv(name, value)
        started = start(retrain(), NOTIFICATION)
        assert started in sagemaker.executions()
        assert sagemaker.tokens == [NOTIFICATION.incident]
        with pytest.raises(NotStarted, match=r"SageMaker: .*other"):
            start(retrain(sagemaker={"pipeline": "other"}), NOTIFICATION)


def test_an_unreachable_sagemaker_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotStarted, match="Could not connect"):
        start(retrain(), NOTIFICATION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "127.0.0.1")
    with pytest.raises(NotStarted, match="Invalid endpoint"):
        start(retrain(), NOTIFICATION)


def test_an_event_is_sent_with_the_notification_and_the_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("the token\n")
    with Receiver() as server:
        started = start(argo(server.address, tmp_path / "token"), NOTIFICATION)
        start(argo(server.address), NOTIFICATION)
    assert started == "event drift in ml"
    assert server.received == [("/api/v1/events/ml/drift", EVENT)] * 2
    assert [headers.get("Authorization") for headers in server.headers] == ["Bearer the token", None]


def test_an_error_of_argo_is_reported(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="refused"):
        start(argo(f"http://127.0.0.1:{free_port()}"), NOTIFICATION)
    with Receiver() as server, pytest.raises(NotStarted, match="No such file"):
        start(argo(server.address, tmp_path / "missing"), NOTIFICATION)
    (tmp_path / "token").write_text("the\ntoken")
    with Receiver() as server, pytest.raises(NotStarted, match="Invalid header value"):
        start(argo(server.address, tmp_path / "token"), NOTIFICATION)
    assert server.received == []


class Replying(Receiver):
    """An Argo server with one reply to every event; it lists the pages that it was asked for."""

    def __init__(self, status: int, response: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.status, self.response, self.response_headers = status, response, headers or {}
        self.pages = list[str]()
        super().__init__()

    def page(self, path: str) -> str:
        self.pages.append(path)
        return super().page(path)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_refusal_and_the_token_goes_nowhere(tmp_path: Path, status: int) -> None:
    (tmp_path / "token").write_text("the token")
    with (
        Replying(200) as other,
        Replying(status, headers={"Location": f"{other.address}/login"}) as server,
        pytest.raises(NotStarted, match=str(status)),
    ):
        start(argo(server.address, tmp_path / "token"), NOTIFICATION)
    assert len(server.received) == 1
    assert (other.received, other.pages) == ([], [])


@pytest.mark.parametrize("status", [409, 500])
def test_an_event_whose_workflow_exists_was_sent_before(status: int) -> None:
    text = 'workflows.argoproj.io "leeway-retrain-0a1b" already exists'
    with Replying(status, json.dumps({"message": text})) as server:
        assert start(argo(server.address), NOTIFICATION) == "event drift in ml"


def test_an_event_that_argo_cannot_submit_is_reported() -> None:
    with Replying(500, "no such template") as server, pytest.raises(NotStarted, match="500"):
        start(argo(server.address), NOTIFICATION)
