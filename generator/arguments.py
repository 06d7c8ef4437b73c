"""The arguments of the jsonnet libraries: the catalogue, the completed specs, and values that Python computes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dashboards.panels import links
from exporter import catalogue
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import ALERT, format_duration
from generator.objectives import objectives
from generator.options import Options
from generator.sharing import shared_receivers
from generator.weekday_floors import floor_levels, varying_floors, varying_proxy_floors


def rule_arguments(spec: ModelSpec, options: Options) -> dict[str, Any]:
    """Return the arguments of `rules/`, for one model."""
    body, linked = spec.spec, with_links(spec, options)
    return {
        "catalogue": catalogue.as_arguments(),
        "model": spec.as_arguments(),
        "fingerprint": spec.fingerprint(),
        "shortest_window": format_duration(min(body.windows)),
        "labels_evaluated": body.labels_evaluated,
        "estimated": body.estimated,
        "slos": objectives(spec),
        "seconds": {
            "refresh_interval": _seconds(body.refresh.interval),
            "refresh_timeout": _seconds(body.refresh.timeout),
            "stale_after": _seconds(body.inference.staleness),
        },
        "weekday_floors": {key: floor_levels(floor) for key, floor in varying_floors(body.thresholds).items()},
        "proxy_weekday_floors": {
            name: floor_levels(floor) for name, floor in varying_proxy_floors(body.proxies).items()
        },
        "dashboards": {alert.key: links.alert_url(linked, alert) for alert in catalogue.ALERTS},
        "runbooks": {alert.key: linked.metadata.runbook(alert.name) for alert in catalogue.ALERTS},
    }


def fleet_arguments() -> dict[str, Any]:
    """Return the arguments of `rules/fleet.libsonnet`, which names no model."""
    return {"catalogue": catalogue.as_arguments()}


def route_arguments(specs: Sequence[ModelSpec], options: Options) -> dict[str, Any]:
    """Return the arguments of `alertmanager/`, for all models together."""
    models = [with_links(spec, options).as_arguments() for spec in specs]
    return {
        "catalogue": catalogue.as_arguments(),
        "models": models,
        "shared": shared_receivers(models),
        "mail": {"smtp_smarthost": options.smarthost, "smtp_from": options.sender},
    }


def with_links(spec: ModelSpec, options: Options) -> ModelSpec:
    """Return the spec with the addresses of Grafana and the runbooks from the options, where it has none.

    The runbooks are those that the exporter serves. The fingerprint changes with the addresses.
    """
    served = options.exporter.url and f"{options.exporter.url}/runbooks/{ALERT}?{catalogue.MODEL}={spec.name}"
    addresses = {"grafana": options.grafana, "runbooks": served}
    update = {key: url for key, url in addresses.items() if url and getattr(spec.metadata, key) is None}
    return spec.model_copy(update={"metadata": spec.metadata.model_copy(update=update)}) if update else spec


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
