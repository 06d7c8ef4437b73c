"""The notification in the README: what Alertmanager posts to Slack when the demo's feature breaks. `make pictures`.

The demo's log at a fixed time, the exporter, Prometheus with the generated rules and Alertmanager with the generated
routes; a server on loopback stands in for Slack. Waits are cut short, and alerts about the age of data are left out,
since the demo's past is long ago. `docs/drawings.py` draws the message.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "data"), str(HERE.parent / "tests" / "servers")]

from exporter.catalogue import LAYER, Layer  # noqa: E402 - the repository's own folders come first
from exporter.demo.scenario import FULL, MODEL, NOW, SPEC, world  # noqa: E402
from exporter.demo.simulation import write_log  # noqa: E402
from exporter.service.refresh import Refresher  # noqa: E402
from exporter.spec.loading import load_all  # noqa: E402
from exporter.store.profiles import ProfileStore  # noqa: E402
from generator.documents import render  # noqa: E402
from stack import Loopback, Receiver, alertmanager, prometheus, until  # noqa: E402

END = NOW.replace(minute=0)
MESSAGE = HERE / "drawings" / "alert.json"
NOT_NOW = {Layer.EXPORTER, Layer.FRESHNESS}
QUICK = {"group_wait": "5s", "group_interval": "5s"}


class Exposition(Loopback):
    """Answers each scrape with one text."""

    content_type = "text/plain; version=0.0.4"

    def __init__(self, text: str) -> None:
        self._text = text
        super().__init__()

    def page(self, path: str) -> str:
        """The text."""
        return self._text


def message(folder: Path) -> dict[str, Any]:
    """The body that Alertmanager posts to Slack about the demo's drift."""
    with ExitStack() as running:
        slack = running.enter_context(Receiver())
        (folder / "slack").write_text(f"{slack.address}/slack")
        documents = {str(path): text for path, text in _documents(folder).items()}
        rules = yaml.safe_load(documents[f"rules/{MODEL}.yaml"])
        for group in rules["groups"]:
            group["rules"] = [rule | {"for": "0s"} for rule in group["rules"] if rule["labels"][LAYER] not in NOT_NOW]
        routing = yaml.safe_load(documents["alertmanager/alertmanager.yml"])
        routing["route"] = _hurried(routing["route"])
        (folder / "rules.json").write_text(json.dumps(rules))
        (folder / "routing.json").write_text(json.dumps(routing))
        exposition = running.enter_context(Exposition(_exposition(folder)))
        sender = running.enter_context(alertmanager(folder / "alertmanager", folder / "routing.json"))
        running.enter_context(prometheus(folder / "prometheus", exposition.target, sender, folder / "rules.json"))
        [(_, body), *_] = until(lambda: slack.received, within=60, what="the message")
    return body


def _documents(folder: Path) -> Any:
    """What is generated of the demo's spec, with a Slack channel for its pages."""
    document = yaml.safe_load(SPEC)
    document["metadata"] |= {"grafana": "https://grafana.example.com", "runbooks": "https://runbooks.example.com/ml"}
    channel = {"channel": "#fraud-models", "api_url_file": str(folder / "slack")}
    document["spec"]["alerting"] = {"page": {"slack": channel}}
    path = folder / "models" / "fraud.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(document))
    return render(load_all([path]))


def _exposition(folder: Path) -> str:
    """What a scrape of the exporter says at `NOW`."""
    write_log(world(END, FULL), folder / "log", END - timedelta(days=FULL.days), END, rows=FULL.training_rows)
    specs, store = load_all([folder / "models" / "fraud.yaml"]), ProfileStore(folder / "data")
    refresher = Refresher(specs, store, clock=lambda: NOW)
    try:
        refresher.refresh_all()
        return refresher.snapshot.text.decode() if refresher.snapshot else ""
    finally:
        refresher.stop()


def _hurried(route: dict[str, Any]) -> dict[str, Any]:
    return route | QUICK | {"routes": [_hurried(child) for child in route.get("routes", [])]}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        body = message(Path(folder))
    [posted] = body["attachments"]
    # The alert fired when this program ran; in the picture, at the time of the log.
    text = re.sub(r"Since .* UTC\.", f"Since {NOW:%-d %b %H:%M} UTC.", posted["text"])
    kept = {"channel": body["channel"], "title": posted["title"], "text": text}
    kept["buttons"] = [button["text"] for button in posted["actions"]]
    MESSAGE.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.write(f"wrote docs/drawings/{MESSAGE.name}\n")
