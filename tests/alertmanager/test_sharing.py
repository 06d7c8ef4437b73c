"""The texts of receivers that models share, as amtool renders them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from amtool import Document, routing_of
from examples import model, run
from exporter.catalogue import EXPORTER_DOWN

MAIL = {"page": {"email": {"to": "oncall@example.com"}}}


@pytest.fixture(scope="module")
def mail() -> Document:
    """The settings of the mail that three models share."""
    routing = routing_of(*(model({"name": name}, alerting=MAIL) for name in ("fraud", "churn", "prices")))
    (shared,) = [one for one in routing["receivers"] if one["name"].startswith("shared-page-")]
    settings: Document = shared["email_configs"][0]
    return settings


def rendered(text: str, models: list[str], folder: Path, *, kind: str = "text", status: str = "firing") -> str:
    """What amtool makes of a template for an alert of some models."""
    alerts: list[dict[str, Any]] = [
        {
            "status": status,
            "labels": {"model": name},
            "annotations": {"summary": f"{name}: gone <here>", "description": "Found: it is gone.\nDo that."},
            "startsAt": "2026-11-24T17:15:00+01:00",
        }
        for name in models
    ]
    (folder / "none.tmpl").write_text("")
    (folder / "data.json").write_text(json.dumps({"alerts": alerts, "groupLabels": {"alertname": EXPORTER_DOWN.name}}))
    given = ["--template.glob=none.tmpl", "--template.data=data.json", f"--template.type={kind}"]
    done, output = run(["amtool", "template", "render", *given, f"--template.text={text}"], folder)
    assert done, output
    return output


def test_a_title_names_each_model_once(mail: Document, tmp_path: Path) -> None:
    subject = mail["headers"]["Subject"]
    assert rendered(subject, ["churn"], tmp_path) == "churn: gone <here>"
    assert rendered(subject, ["churn", "fraud", "churn", "fraud_2"], tmp_path) == "churn, fraud, fraud_2: gone <here>"
    assert rendered(subject, [f"m{number}" for number in range(11)], tmp_path) == "11 alerts: gone <here>"
    assert rendered(subject, ["churn", "fraud"], tmp_path, status="resolved") == "Resolved: churn, fraud: gone <here>"


def test_a_body_lists_the_models_and_says_what_to_do_once(mail: Document, tmp_path: Path) -> None:
    body = rendered(mail["text"], ["churn", "fraud"], tmp_path)
    found = "Found: it is gone.\nDo that.\nSince 24 Nov 16:15 UTC.\n"
    assert body == f"churn: gone <here>\nfraud: gone <here>\n{found}"
    assert rendered(mail["text"], ["churn"], tmp_path, status="resolved") == "Nothing of it fires any more.\n"


def test_a_mail_escapes_what_it_inserts(mail: Document, tmp_path: Path) -> None:
    body = rendered(mail["html"], ["churn", "fraud"], tmp_path, kind="html")
    assert "<h3>churn, fraud: gone &lt;here&gt;</h3>" in body
    assert body.count("Do that.") == 1
    assert "<here>" not in body
