"""Write docs/notifications.md: ten notifications as they arrive. `make docs`. A test compares the page with the rules.

promtool evaluates the generated rules on the gauges of each scene of `scenes.py`, the model of Alertmanager groups what
fires, and amtool renders the generated receivers' own templates. So the page says what the rules say.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from scenes import END, MODELS, SCENES, Scene  # noqa: E402

from exporter import catalogue  # noqa: E402 - the repository's own folder comes first
from generator.arguments import route_arguments, rule_arguments  # noqa: E402
from generator.jsonnet import evaluate  # noqa: E402
from generator.options import Options  # noqa: E402
from generator.routing.decision import Decider, Notification  # noqa: E402

PAGE = HERE / "notifications.md"
SINCE: Final = datetime(2026, 11, 24, 16, 15, tzinfo=UTC)
EVALUATED: Final = "1h"
"""When promtool, whose clock starts at 0, looks at the alerts: long after the wait of each."""
CUT: Final = "\n=== next part ===\n"

_HEAD = """\
# Notifications

Ten notifications, as they arrive. Written by `make docs` with `docs/messages.py`: promtool evaluates the generated
rules on made-up gauges, and amtool renders the generated receivers. A test compares this page with both.

A title is one line. Below it stand the numbers, in the feature's own units and beside the reference, what else moved,
and what to do first. A number has three digits, or all digits before the point; a part without a gauge is left out. The
likely kind of a change is read from gauges and is a hint, not a finding.
"""


def page() -> str:
    """Return the whole page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firing = _firing(folder)
        routing = evaluate(
            Path("alertmanager/alertmanager.libsonnet"), route_arguments(list(MODELS.values()), Options())
        )
        parts = [_section(scene, alerts, routing, folder) for scene, alerts in zip(SCENES, firing, strict=True)]
    return "\n".join([_HEAD, *parts])


def _firing(folder: Path) -> list[list[dict[str, Any]]]:
    """Return the alerts of each scene that promtool finds: their labels and annotations."""
    library = Path("rules/mixin.libsonnet")
    rules = {name: evaluate(library, rule_arguments(spec, Options()))["groups"] for name, spec in MODELS.items()}
    files = []
    for number, scene in enumerate(SCENES):
        groups = [
            group | {"rules": kept}
            for group in (group for name in scene.models for group in rules[name])
            if (kept := [rule for rule in group["rules"] if rule["alert"] == scene.alert.name])
        ]
        inputs = [{"series": name, "values": f"{value!r}x12"} for name, value in _series(scene)]
        case = {"eval_time": EVALUATED, "alertname": scene.alert.name}
        test = {"interval": "5m", "input_series": inputs, "alert_rule_test": [case]}
        (folder / f"rules{number}.json").write_text(json.dumps({"groups": groups}))
        proof = {"rule_files": [f"rules{number}.json"], "evaluation_interval": "5m", "tests": [test]}
        (folder / f"proof{number}.json").write_text(json.dumps(proof))
        files.append(f"proof{number}.json")
    # It fails, since no alerts are expected, and prints those that fire, file by file.
    output = _run(folder, ["promtool", "test", "rules", *files])
    return [_parsed(part) for part in output.split("Unit Testing:")[1:]]


def _series(scene: Scene) -> Iterator[tuple[str, float]]:
    """Yield the gauges of a scene, of each model: with a version and a window where the metric has them."""
    end = catalogue.WINDOW_END_TIMESTAMP_SECONDS
    gauges = {**scene.gauges, (end, 'stream="inference"'): END} if scene.gauges else {}
    # An alert on absent gauges is that of the models whose gauges are absent.
    absent = [] if scene.gauges else [name for name in MODELS if name not in scene.models]
    for name in scene.models if scene.gauges else absent:
        for (metric, more), value in (gauges or {(catalogue.MODEL_INFO, ""): 1}).items():
            known = {catalogue.MODEL: name, catalogue.VERSION: "v3", catalogue.WINDOW: "1h"}
            own = [f'{label}="{known[label]}"' for label in metric.labels if label in known and f"{label}=" not in more]
            yield f"{metric.name}{{{','.join([*own, *([more] if more else []), *_SCRAPED])}}}", float(value)


_SCRAPED: Final = ('job="leeway"', 'namespace="ml"')


def _parsed(output: str) -> list[dict[str, Any]]:
    """Return the alerts that promtool prints as `got`."""
    _, _, got = output.partition("got:[")
    found = re.findall(r"Labels:\{(.*)\}\s+Annotations:\{(.*)\}", got)
    return [{"labels": _pairs(labels), "annotations": _pairs(annotations)} for labels, annotations in found]


def _pairs(text: str) -> dict[str, str]:
    return {name: json.loads(value) for name, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', text)}


def _run(folder: Path, command: Sequence[str]) -> str:
    """Return the output of a program, errors included, in the order in which it writes them."""
    done = subprocess.run(  # noqa: S603 - no shell, and the programs are constants
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def _section(scene: Scene, alerts: Sequence[Mapping[str, Any]], routing: Mapping[str, Any], folder: Path) -> str:
    """Return the section of a scene, whose alerts are one notification."""
    (sent,) = Decider.of(routing).notifications([alert["labels"] for alert in alerts], SINCE)
    (receiver,) = [one for one in routing["receivers"] if one["name"] == sent.receiver]
    (folder / "data.json").write_text(json.dumps(_data(sent, alerts)))
    blocks = [_WAYS[way](receiver, folder) for way in scene.ways]
    shown = [f"**{way}**\n\n```text\n{block}\n```\n" for way, block in zip(scene.ways, blocks, strict=True)]
    alert = f"[{scene.alert.name}](alerts/{scene.alert.name}.md), {scene.alert.severity}"
    return "\n".join([f"## {scene.title}\n", f"{alert}, to the receiver `{sent.receiver}`.\n", *shown])


def _data(sent: Notification, alerts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the data of a notification, as Alertmanager passes them to templates."""
    own = [alerts[index] for index in sent.alerts]
    common = [set(alert["labels"].items()) for alert in own]
    times = {"startsAt": SINCE.isoformat(), "endsAt": "0001-01-01T00:00:00Z"}
    return {
        "receiver": sent.receiver,
        "status": "firing",
        "alerts": [{"status": "firing", **alert, **times} for alert in own],
        "groupLabels": dict(sent.group),
        "commonLabels": dict(set.intersection(*common)),
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com",
    }


def _rendered(folder: Path, *texts: str) -> list[str]:
    """Return what amtool makes of some templates."""
    (folder / "none.tmpl").write_text("")
    given = ["--template.glob=none.tmpl", "--template.data=data.json", f"--template.text={CUT.join(texts)}"]
    return [part.strip("\n") for part in _run(folder, ["amtool", "template", "render", *given]).split(CUT)]


def _pagerduty(receiver: Mapping[str, Any], folder: Path) -> str:
    (config,) = receiver["pagerduty_configs"]
    names = [name for name in config["details"] if name != "Firing"]
    texts = [config[key] for key in ("description", "class", "component")]
    title, layer, component, *details, firing = _rendered(
        folder, *texts, *(config["details"][name] for name in names), config["details"]["Firing"]
    )
    links = " | ".join(link["text"] for link in config["links"])
    lines = [f"{name}: {text}" for name, text in zip(names, details, strict=True)]
    head = f"{title}\n\nSeverity: {config['severity']}   Class: {layer}   Component: {component}"
    return "\n".join([head, *lines, f"Firing:\n{firing}", f"Links: {links}"])


def _slack(receiver: Mapping[str, Any], folder: Path) -> str:
    (config,) = receiver["slack_configs"]
    title, text = _rendered(folder, config["title"], config["text"])
    buttons = " ".join(f"[{action['text']}]" for action in config["actions"])
    return f"{config['channel']}\n{title}\n\n{text}\n{buttons}"


def _mail(receiver: Mapping[str, Any], folder: Path) -> str:
    (config,) = receiver["email_configs"]
    subject, text = _rendered(folder, config["headers"]["Subject"], config["text"])
    return f"To: {config['to']}\nSubject: {subject}\n\n{text}"


_WAYS: Final = {"PagerDuty": _pagerduty, "Slack": _slack, "Mail": _mail}


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"wrote docs/{PAGE.name}\n")
