from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from exporter.catalogue import HOOK_METRICS
from exporter.errors import UsageError
from exporter.retraining.hook import Decision, Hook
from exporter.retraining.ledger import Ledger
from exporter.retraining.pipelines import NotStarted
from exporter.retraining.server import PATH, Counters, application, secret
from retraining import BEGAN, body, firing, retrained

TOKEN = {"Authorization": "Bearer the token"}
DECISIONS, LAST_START = (metric.name for metric in HOOK_METRICS)


def client(tmp_path: Path, *, refuses: bool = False, token: Callable[[], str] = lambda: "the token") -> TestClient:
    """A client of a hook whose gate is open."""

    def start(*_: Any) -> str:
        if refuses:
            raise NotStarted("busy")
        return "an execution"

    ledger = Ledger(tmp_path / "starts.json")
    gate = {"metric": "rmse", "at_most": 0, "window": "7d"}
    specs = {"fraud": retrained(gate=gate).spec}
    hook = Hook(specs, ledger, query_value=lambda query: 5000.0, start=start, clock=lambda: BEGAN)
    return TestClient(application(hook, Counters(specs), token))


def counted(client: TestClient, decision: Decision, model: str = "fraud") -> float:
    labels = f'{{decision="{decision}",model="{model}"}}'
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(DECISIONS + labels)), -1)


def test_a_notification_is_decided_counted_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        http = client(tmp_path)
        assert counted(http, Decision.STARTED) == 0
        answer = http.post(PATH, json=body(firing("a")), headers=TOKEN)
    assert (answer.status_code, answer.text.split(":")[0]) == (200, "started")
    assert counted(http, Decision.STARTED) == 1
    (record,) = [record for record in caplog.records if getattr(record, "decision", "") == "started"]
    assert (record.model, record.levelname) == ("fraud", "INFO")  # type: ignore[attr-defined]
    assert "an execution: MLDataDriftHigh reports drift" in record.getMessage()
    assert f'{LAST_START}{{model="fraud"}} {BEGAN.timestamp():.16g}'[:40] in http.get("/metrics").text


def test_every_decision_of_a_model_starts_at_0_so_that_its_first_is_an_increase(tmp_path: Path) -> None:
    http = client(tmp_path)
    assert {counted(http, decision) for decision in Decision} == {0}


def test_a_model_without_a_start_has_no_time_of_it(tmp_path: Path) -> None:
    text = client(tmp_path).get("/metrics").text
    assert f"{LAST_START}{{" not in text
    assert "_created" not in text


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer the tokem"}, {"Authorization": "the token"}]
)
def test_a_request_without_the_token_is_refused(headers: dict[str, str], tmp_path: Path) -> None:
    http = client(tmp_path)
    assert http.post(PATH, json=body(firing("a")), headers=headers).status_code == 401
    assert counted(http, Decision.UNAUTHORIZED, "") == 1
    assert not (tmp_path / "starts.json").exists()


def test_all_requests_are_refused_while_the_token_cannot_be_read(tmp_path: Path) -> None:
    http = client(tmp_path, token=lambda: secret(tmp_path / "missing"))
    answer = http.post(PATH, json=body(firing("a")), headers=TOKEN)
    assert (answer.status_code, "cannot be read" in answer.text) == (401, True)


DEEP = b"[" * 100_000


@pytest.mark.parametrize("content", [b"", b"{", b"[]", json.dumps(body()).encode(), b" " * (2**22 + 1), DEEP])
def test_another_body_is_refused(content: bytes, tmp_path: Path) -> None:
    http = client(tmp_path)
    assert http.post(PATH, content=content, headers=TOKEN).status_code == 400
    assert counted(http, Decision.UNREADABLE, "") == 1


def test_alertmanager_retries_when_the_start_failed(tmp_path: Path) -> None:
    http = client(tmp_path, refuses=True)
    answer = http.post(PATH, json=body(firing("a")), headers=TOKEN)
    assert (answer.status_code, answer.text) == (503, "failed: busy\n")
    assert counted(http, Decision.FAILED) == 1


def test_health_endpoints_answer(tmp_path: Path) -> None:
    http = client(tmp_path)
    assert http.get("/-/healthy").status_code == http.get("/-/ready").status_code == 200
    assert http.get(PATH).status_code == 405


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(UsageError, match="cannot be read"):
        secret(path)
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        secret(path)
    path.write_text("\n")
    with pytest.raises(UsageError, match="contains no token"):
        secret(path)
    path.write_text("the token\n")
    assert secret(path) == "the token"
