"""The Compose file and what it mounts: no container runs here, so each path, flag, name and address is checked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from exporter.spec.loading import load_all
from generator.documents import render
from generator.layout import DASHBOARDS, ROUTING, RULES
from generator.options import load
from programs import parsed

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OPTIONS = load(DEPLOY / "generator.yaml", {})
KEYS = {"name", "services", "volumes"}
SERVICE_KEYS = {
    *("build", "image", "entrypoint", "command", "environment", "volumes", "ports", "depends_on"),
    *("read_only", "tmpfs", "cap_drop", "security_opt", "healthcheck", "restart", "profiles"),
}


def mounts(service: str) -> dict[str, str]:
    """The sources of a service's mounts by their path in the container, with the defaults of variables."""
    found = {}
    for text in SERVICES[service]["volumes"]:
        source, path, *mode = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text).split(":")
        assert mode in ([], ["ro"])
        found[path] = source
    return found


def test_the_keys_are_those_of_the_compose_specification() -> None:
    assert set(COMPOSE) == KEYS
    for service in SERVICES.values():
        assert set(service) <= SERVICE_KEYS
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_every_image_is_built_here_or_pinned() -> None:
    assert SERVICES["generate"]["build"] == {"context": "..", "dockerfile": "deploy/Containerfile"}
    built = {name for name, service in SERVICES.items() if service["image"] == SERVICES["generate"]["image"]}
    assert built == {"generate", "exporter", "leeway-retrain-hook"}
    for name in SERVICES.keys() - built:
        assert re.fullmatch(r"(prom|grafana)/\w+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_source_of_a_mount_exists(service: str) -> None:
    for path, source in mounts(service).items():
        assert PurePosixPath(path).is_absolute()
        if source.startswith("."):
            assert (DEPLOY / source).exists() or source in {"./secrets", "./logs"}
        else:
            assert source in COMPOSE["volumes"]


def test_our_commands_have_these_flags() -> None:
    exporter = parsed(["leeway-exporter", *SERVICES["exporter"]["command"]])
    assert str(exporter.config_file) in mounts("exporter")
    assert str(exporter.storage_path) in mounts("exporter")
    generate = parsed(SERVICES["generate"]["entrypoint"] + SERVICES["generate"]["command"])
    assert {str(path) for path in (generate.out, generate.options, *generate.specs)} == set(mounts("generate"))
    hook = parsed(SERVICES["leeway-retrain-hook"]["entrypoint"] + SERVICES["leeway-retrain-hook"]["command"])
    folders = {str(path) for path in (hook.storage, hook.token.parent, *hook.specs)}
    assert folders == set(mounts("leeway-retrain-hook"))
    assert not hook.start, "nothing is started before somebody has read its decisions"


def test_alertmanager_finds_the_hook_and_both_read_the_same_token() -> None:
    [loaded] = load_all([ROOT / "models"])
    hook = loaded.spec.spec.alerting.retrain.hook
    assert str(hook.url) == "http://leeway-retrain-hook:9878/retrain"
    token, command = PurePosixPath(hook.token_file), SERVICES["leeway-retrain-hook"]["command"]
    assert f"--token.file=/etc/leeway/secrets/{token.name}" in command
    secrets = {service: mounts(service) for service in ("alertmanager", "leeway-retrain-hook")}
    assert secrets["alertmanager"][str(token.parent)] == secrets["leeway-retrain-hook"]["/etc/leeway/secrets"]


@pytest.mark.parametrize(("service", "program"), [("prometheus", "prometheus"), ("alertmanager", "alertmanager")])
def test_the_other_programs_have_these_flags(service: str, program: str) -> None:
    names = {"alertmanager": ("alertmanager", "prometheus-alertmanager")}.get(program, (program,))
    shown = subprocess.run(
        ["sh", "-c", " || ".join(f"{name} --help" for name in names)], capture_output=True, text=True, check=False
    )
    for flag in SERVICES[service]["command"]:
        assert f"{flag.partition('=')[0]}=" in shown.stdout + shown.stderr


def test_what_the_programs_read_is_generated_where_it_is_mounted() -> None:
    documents = render(load_all([ROOT / "models"]), OPTIONS)
    [config] = [flag for flag in SERVICES["alertmanager"]["command"] if flag.startswith("--config.file=")]
    assert config == f"--config.file=/etc/alertmanager/leeway/{ROUTING}"
    prometheus = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert prometheus["rule_files"] == [f"/etc/prometheus/leeway/{RULES}/*.yaml"]
    [provider] = yaml.safe_load((DEPLOY / "dashboards.yaml").read_text())["providers"]
    assert provider["options"] == {"path": f"/etc/leeway/{DASHBOARDS}"}
    assert {RULES / "fraud.yaml", ROUTING, DASHBOARDS / "fraud.json"} <= set(documents)
    roots = {
        "alertmanager": "/etc/alertmanager/leeway",
        "prometheus": "/etc/prometheus/leeway",
        "grafana": "/etc/leeway",
    }
    assert all(mounts(service)[path] == "build" for service, path in roots.items())
    rules = documents[RULES / "fraud.yaml"]
    assert "http://localhost:3000/d/leeway-fraud/" in rules  # models/fraud.yaml has runbooks of its own


def test_addresses_are_those_of_the_services() -> None:
    prometheus = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    [source] = yaml.safe_load((DEPLOY / "datasource.yaml").read_text())["datasources"]
    scraped, hook = prometheus["scrape_configs"]
    [sender] = prometheus["alerting"]["alertmanagers"]
    targets = [*scraped["static_configs"][0]["targets"], *sender["static_configs"][0]["targets"]]
    [found] = hook["dns_sd_configs"]
    targets += [f"{name}:{found['port']}" for name in found["names"]]
    addresses = [*targets, *OPTIONS.exporter.targets, source["url"].removeprefix("http://")]
    published = {f"{name}:{port.split(':')[-1]}" for name in SERVICES for port in SERVICES[name].get("ports", ())}
    assert set(addresses) <= published
    for url, name in ((OPTIONS.exporter.url, "exporter"), (OPTIONS.grafana, "grafana")):
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}" for port in [str(url).rpartition(":")[2]]]


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    config = tmp_path / "prometheus.yml"
    config.write_text((DEPLOY / "prometheus.yml").read_text())
    subprocess.run(["promtool", "check", "config", str(config)], check=True, capture_output=True)
