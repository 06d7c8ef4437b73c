from __future__ import annotations

from typing import Any

import pytest

from dashboards.panels.builders import panel_id
from dashboards.panels.scopes import model_scope
from dashboards.sections.proxies import sections
from exporter import catalogue
from exporter.spec.model import ModelSpec
from exporter.spec.sections.proxies import Proxy


def of(spec: ModelSpec, *proxies: dict[str, Any]) -> ModelSpec:
    made = tuple(Proxy.model_validate({"promql": "up", **each}) for each in proxies)
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"proxies": made})})


def panels(spec: ModelSpec) -> list[Any]:
    return [panel for section in sections(spec, model_scope(spec)) for panel in section.panels]


def test_a_spec_without_proxies_has_no_section(spec: ModelSpec) -> None:
    assert panels(of(spec)) == []


def test_all_deviations_are_in_one_panel_and_each_proxy_has_its_own(spec: ModelSpec) -> None:
    shown = panels(of(spec, {"name": "clicks"}, {"name": "sales"}))
    assert [panel.title for panel in shown] == [
        "Proxies: deviation from expected",
        "Proxy clicks",
        "Proxy sales",
    ]
    assert shown[0].id == panel_id(catalogue.PROXY_DEVIATION.key)
    assert all('proxy="sales"' in target["expr"] for target in shown[2].targets)


@pytest.mark.parametrize(
    ("direction", "names"),
    [
        ("both", ["value", "expected", "alerts below", "alerts above"]),
        ("down", ["value", "expected", "alerts below"]),
        ("up", ["value", "expected", "alerts above"]),
    ],
)
def test_the_band_has_the_sides_on_which_it_alerts(spec: ModelSpec, direction: str, names: list[str]) -> None:
    _, panel = panels(of(spec, {"name": "clicks", "direction": direction}))
    assert [target["legendFormat"] for target in panel.targets] == names
