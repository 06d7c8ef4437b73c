from __future__ import annotations

from typing import Any

import pytest

from dashboards.panels.queries import Role, history
from dashboards.panels.scopes import model_scope
from dashboards.sections.estimates import estimates_of, provisional_of, sections
from exporter import catalogue
from exporter.spec.model import ModelSpec
from exporter.spec.sections.reference import Reference


def of(spec: ModelSpec, **body: Any) -> ModelSpec:
    reference = spec.spec.reference.model_copy(
        update={"columns": spec.spec.reference.columns.model_copy(update={"label": "fraud"})}
    )
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"reference": reference, **body})})


def titles(spec: ModelSpec) -> list[list[str]]:
    return [[panel.title for panel in section.panels] for section in sections(spec, model_scope(spec))]


def test_a_classifier_has_estimates_gaps_and_provisional_values(spec: ModelSpec) -> None:
    estimates, provisional = titles(of(spec))
    assert {"AUROC: estimated", "AUROC: estimated minus observed", "Concept drift"} <= set(estimates)
    assert {"Predictions represented by labels", "${provisional:text}: provisional"} <= set(provisional)
    names = list(provisional_of(of(spec)).values())
    assert (names[0], names[-2:]) == ("AUROC", ["Log loss", "Brier score"])
    assert list(estimates_of(of(spec)).values()) == ["F1", "Precision", "Recall", "Accuracy"]
    assert not any("error" in title for title in estimates + provisional)


def test_a_regression_has_estimates_and_provisional_values_of_its_errors(spec: ModelSpec) -> None:
    estimates, provisional = titles(of(spec, task="regression"))
    assert [title for title in estimates if title.endswith(": estimated")] == [
        "Root mean squared error: estimated",
        "Mean absolute error: estimated",
    ]
    assert "Concept drift" in estimates
    assert provisional[-1] == "Mean absolute error: provisional"


@pytest.mark.parametrize("score", ["confidence", None])
def test_a_multiclass_model_has_estimates_of_auroc_and_with_a_confidence_of_accuracy(
    spec: ModelSpec, score: str | None
) -> None:
    names_of_columns = {"scores": {"a": "p_a", "b": "p_b"}, "prediction": "class", "score": score}
    columns = spec.spec.inference.columns.model_copy(update=names_of_columns)
    inference = spec.spec.inference.model_copy(update={"columns": columns})
    estimates = titles(of(spec, task="multiclass_classification", inference=inference))[0]
    names = ["AUROC", "Accuracy"] if score else ["AUROC"]
    gaps = [f"{name}: estimated minus observed" for name in names]
    assert estimates == [*(f"{name}: estimated" for name in names), "Concept drift", *gaps]


def test_without_labels_there_is_no_gap_and_without_a_labelled_reference_no_estimate(spec: ModelSpec) -> None:
    (estimates,) = titles(of(spec, labels=None))
    assert not any("observed" in title for title in estimates)
    unlabelled = spec.spec.reference.columns.model_copy(update={"label": None})
    reference = spec.spec.reference.model_copy(update={"columns": unlabelled})
    (provisional,) = titles(of(spec, reference=reference))
    assert provisional[0] == "Predictions represented by labels"


@pytest.mark.parametrize("of_log", [{"trailing": "4w"}, {"period": {"from": "2026-09-01", "to": "2026-09-28"}}])
def test_a_reference_from_the_log_has_the_labels_of_the_log(spec: ModelSpec, of_log: dict[str, Any]) -> None:
    reference = Reference.model_validate(of_log)
    of_period = spec.model_copy(update={"spec": spec.spec.model_copy(update={"reference": reference})})
    estimates, _ = titles(of_period)
    assert "Concept drift" in estimates
    unlabelled = of_period.spec.model_copy(update={"labels": None})
    assert titles(of_period.model_copy(update={"spec": unlabelled})) == []


def test_a_gap_has_its_threshold_and_a_provisional_value_its_interval(spec: ModelSpec) -> None:
    scope = model_scope(spec)
    for metric in (catalogue.AUROC_ESTIMATED_GAP, catalogue.CONCEPT_DRIFT):
        assert [query.role for query in history(metric, scope)] == [Role.VALUE, Role.THRESHOLD]
    roles = [query.role for query in history(catalogue.AUROC_PROVISIONAL, scope)]
    assert roles == [Role.VALUE, Role.LOWER, Role.UPPER]


def test_a_gap_says_which_predictions_it_is_for(spec: ModelSpec) -> None:
    (estimates, _) = sections(of(spec), model_scope(spec))
    gap = next(panel for panel in estimates.panels if "observed" in panel.title)
    assert "mature predictions, which ended 7d ago" in gap.description
