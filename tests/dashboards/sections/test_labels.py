from __future__ import annotations

from typing import Any

import pytest

from dashboards.panels.queries import Role, history
from dashboards.panels.scopes import model_scope
from dashboards.sections.labels import sections
from exporter import catalogue
from exporter.spec.model import ModelSpec


def of(spec: ModelSpec, **body: Any) -> ModelSpec:
    return spec.model_copy(update={"spec": spec.spec.model_copy(update=body)})


def titles(spec: ModelSpec) -> list[str]:
    return [panel.title for section in sections(spec, model_scope(spec)) for panel in section.panels]


def test_a_classifier_and_a_regression_have_panels_of_their_own(spec: ModelSpec) -> None:
    assert {"AUROC", "Label delay"} <= set(titles(spec))
    assert titles(of(spec, task="regression"))[:2] == [
        "Root mean squared error",
        "Mean absolute error",
    ]


def test_a_multiclass_model_and_a_ranking_have_panels_of_their_own(spec: ModelSpec) -> None:
    assert {"F1", "F1 by class"} <= set(titles(of(spec, task="multiclass_classification")))
    columns = spec.spec.inference.columns.model_copy(update={"query": "request"})
    ranking = of(spec, task="ranking", inference=spec.spec.inference.model_copy(update={"columns": columns}))
    assert titles(ranking)[:2] == ["NDCG", "Evaluated lists"]


@pytest.mark.parametrize("body", [{"labels": None}, {"task": "ranking"}])
def test_a_model_whose_labels_are_not_evaluated_has_none(spec: ModelSpec, body: dict[str, Any]) -> None:
    assert titles(of(spec, **body)) == []


def test_a_value_has_its_interval(spec: ModelSpec) -> None:
    roles = [query.role for query in history(catalogue.AUROC, model_scope(spec))]
    assert roles == [Role.VALUE, Role.LOWER, Role.UPPER]


def test_a_panel_says_which_predictions_it_is_for(spec: ModelSpec) -> None:
    (first, *_) = sections(spec, model_scope(spec))
    assert "mature predictions, which ended 7d ago" in first.panels[0].description
