from __future__ import annotations

import pytest

from dashboards.panels.scopes import model_scope
from dashboards.sections.slo import sections
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo


def test_budget_and_burn_come_first(spec: ModelSpec) -> None:
    [section] = sections(spec, model_scope(spec))
    assert [panel.title for panel in section.panels[:2]] == ["Error budget remaining", "Burn rate"]


def test_the_windows_do_not_depend_on_the_selected_window(spec: ModelSpec) -> None:
    [section] = sections(spec, model_scope(spec))
    assert not any("$window" in target["expr"] for panel in section.panels for target in panel.targets)


def test_an_overspent_budget_is_visible(spec: ModelSpec) -> None:
    [section] = sections(spec, model_scope(spec))
    assert section.panels[0].valueMin is None


@pytest.mark.parametrize("body", [{"slos": ()}, {"labels": None}])
def test_a_model_without_evaluated_objectives_has_none(spec: ModelSpec, body: dict[str, tuple[Slo, ...]]) -> None:
    without = spec.model_copy(update={"spec": spec.spec.model_copy(update=body)})
    assert sections(without, model_scope(without)) == []
